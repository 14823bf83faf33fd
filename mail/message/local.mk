# Receipts.
libmail_a_SOURCES += mail/message/receipt.h mail/message/receipt.c mail/message/message_receipt.c
# Messages: reading, writing, text, HTML; the filter worker.
libmail_a_SOURCES += mail/message/auth_results.c mail/message/auth_results.h mail/message/message_origin.c \
	mail/message/caution.c mail/message/caution.h
libmail_a_SOURCES += mail/message/message.h mail/message/message_p.h mail/message/sanitise.h mail/message/html.h \
	mail/message/html_p.h mail/message/quote.h mail/message/draft_parse.h \
	mail/message/sanitise.c mail/message/message_init.c mail/message/message_address.c mail/message/message_encrypted.c \
	mail/message/message_header.c mail/message/message_names.c mail/message/message_compose.c mail/message/draft_parse.c \
	mail/message/message_fields.c mail/message/message_words.c mail/message/message_charset.c mail/message/message_flowed.c mail/message/message_calendar.c \
	mail/message/message_body.c mail/message/message_layer.c mail/message/message_shown.c mail/message/message_legacy.c mail/message/message_segments.c \
	mail/message/message_parts.c mail/message/message_view.c mail/message/message_finish.c mail/message/message_missing.c mail/message/message_reply.c \
	mail/message/message_shadow.c mail/message/quote.c mail/message/html.c mail/message/html_out.c mail/message/html_style.c \
	mail/message/html_link.c mail/message/html_hidden.c mail/message/html_host.c mail/message/html_colour.c \
	mail/message/html_css.c mail/message/html_sheet.c mail/message/html_table.c mail/message/html_tag.c mail/message/html_element.c mail/message/html_element.h \
	mail/message/html_comment.c mail/message/html_grid.c mail/message/html_table_p.h mail/message/record.c mail/message/message_field.c \
	mail/message/message_field.h mail/message/message_attachment.c mail/message/message_attachment.h \
	mail/message/message_forward.c mail/message/lookalike.c mail/message/lookalike.h \
	mail/message/attachment.h mail/message/attachment_text.c mail/message/attachment_table.c mail/message/attachment_json.c \
	mail/message/attachment_vcard.c mail/message/attachment_pdf.c mail/message/attachment_danger.c \
	mail/message/attachment_zip.c mail/message/attachment_zip.h mail/workers/filter.c
libmail_a_SOURCES += mail/message/sanitise_kind.c mail/message/sanitise_p.h mail/message/message_notes.c mail/message/message_uu.c \
	mail/message/message_report.c mail/message/message_report_fields.c mail/message/message_absent.c mail/message/message_alternative.c \
	mail/message/message_calendar_value.c mail/message/message_calendar_value.h \
	mail/message/tnef.c mail/message/tnef.h mail/workers/filter_p.h mail/workers/filter_tnef.c mail/workers/filter_chain.c mail/engine/unpack.h mail/engine/unpack.c
