# The files of ui/.
