# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the people of the demo write to each other: threads of plain data. Nothing here knows keys, files or servers.

Every patient is invented, is called Zztest and has a number that begins with TEST.
"""
import struct
import zlib

ALICE = ("Dr. Alice Moreno", "alice@demo.test")
BOB = ("Bob Okafor", "bob@demo.test")
CAROL = ("Dr. Carol Lindqvist", "carol@demo.test")
ERIN = ("Erin Walsh", "erin@demo.test")
DAVE = ("Dave Porter", "dave@demo.test")
JOSE = ("José Núñez Ibáñez", "jose.nunez@clinic.example")
JUERGEN = ("Prof. Jürgen Weiß", "j.weiss@klinikum.example")
YUKI = ("田中 由紀", "tanaka@hospital.example")
LAYLA = ("ليلى حداد", "layla.haddad@clinic.example")
LAB = ("Central Laboratory", "lab@demo.test")
RADIOLOGY = ("Radiology Desk", "radiology@demo.test")
PHARMACY = ("Hospital Pharmacy", "pharmacy@demo.test")
ROTA = ("Rota Office", "rota@demo.test")
IT = ("IT Service Desk", "it-support@demo.test")
LIBRARY = ("Medical Library", "library@demo.test")
SOCIETY = ("Society of Internal Medicine", "news@society.example")
MUM = ("Teresa Moreno", "teresa.moreno@family.example")


def pdf(title):
    """The smallest PDF that readers open: one page with one line on it."""
    text = f"BT /F1 18 Tf 72 720 Td ({title}) Tj ET".encode("latin-1", "replace")
    bodies = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
              b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
              b"/Resources << /Font << /F1 5 0 R >> >> >>",
              b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
              b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start


def png(width=48, height=48):
    """A grey gradient, as an X-ray might be if it were very small."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes((x * 5 + y * 3) % 256 for x in range(width)) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def csv(seed):
    rows = ["date,analyte,value,unit"]
    for day in range(6):
        rows.append(f"day {day + 1},CRP,{(seed * 7 + day * 13) % 90 + 4},mg/L")
        rows.append(f"day {day + 1},creatinine,{(seed * 5 + day * 3) % 60 + 60},umol/L")
    return ("\r\n".join(rows) + "\r\n").encode()


def calendar(when, title, uid):
    stamp = when.strftime("%Y%m%dT%H%M%SZ")
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//wardmail//demo//EN", "METHOD:REQUEST", "BEGIN:VEVENT",
                        f"UID:{uid}@demo.test", f"DTSTAMP:{stamp}", f"DTSTART:{stamp}", "DURATION:PT45M",
                        f"SUMMARY:{title}", "ORGANIZER:mailto:carol@demo.test", "ATTENDEE:mailto:alice@demo.test",
                        "END:VEVENT", "END:VCALENDAR", ""]).encode()


# A thread: (subject, [(writer, text), ...]). {p} is a patient, {n} a number, {d} a weekday.
THREADS = [
    ("Blood results for {p}", [
        (LAB, "The results you asked for are attached.\n\n{p}\nCRP {n} mg/L, creatinine 88 umol/L, potassium 4.1 mmol/L.\n"),
        (ALICE, "Thank you. Please repeat the CRP on {d} and call me if it is above 100.\n"),
        (LAB, "Noted. The next sample is planned for {d}, 07:30.\n")]),
    ("Chest X-ray {p}", [
        (RADIOLOGY, "Report for {p}: no consolidation, no effusion, heart size normal. A key image is attached.\n"),
        (ALICE, "Thank you. Could you compare it with the film from spring?\n"),
        (RADIOLOGY, "Compared: unchanged.\n")]),
    ("Medication query: {p}", [
        (PHARMACY, "The order for {p} has warfarin together with clarithromycin. Is this intended?\n"),
        (ALICE, "It is not. Please change to doxycycline 100 mg twice a day, and check the INR on {d}.\n"),
        (PHARMACY, "Changed. INR is ordered for {d}.\n"),
        (ALICE, "Thank you for catching that.\n")]),
    ("Discharge planning {p}", [
        (ERIN, "{p} could go home on {d} if the physiotherapist agrees. The daughter can be there from noon.\n"),
        (ALICE, "Fine with me. I will write the letter tonight.\n"),
        (ERIN, "The physiotherapist agrees: stairs with a rail are safe.\n"),
        (ALICE, "Then {d}, 13:00. Please order transport.\n"),
        (ERIN, "Ordered.\n")]),
    ("Referral to cardiology: {p}", [
        (ALICE, "Dear Carol,\n\nwould you see {p}? New murmur, dyspnoea on the second floor, NT-proBNP {n}0 ng/L.\n"),
        (CAROL, "Gladly. Echo on {d} at 10:15; please send the ECG along.\n"),
        (ALICE, "The ECG goes with the porter.\n"),
        (CAROL, "Echo: moderate aortic stenosis, EF 55 %. I would see the patient again in six months.\n")]),
    ("Rota for the coming weeks", [
        (ROTA, "The rota is attached. Please tell us by {d} if something does not fit.\n"),
        (ALICE, "I am on two nights in a row after a day shift; could someone swap {d}?\n"),
        (BOB, "I can take {d} if you take my Sunday.\n"),
        (ALICE, "Deal. Thank you, Bob.\n"),
        (ROTA, "Swapped.\n")]),
    ("Journal club on {d}", [
        (CAROL, "This week: anticoagulation after bioprosthetic valves. The paper is attached; {n} pages, sorry.\n"),
        (BOB, "I will bring the biscuits.\n"),
        (ERIN, "And I the difficult questions.\n")]),
    ("Case conference {p}", [
        (CAROL, "An invitation to the conference about {p} is attached. Please confirm.\n"),
        (ALICE, "Confirmed; I bring the histology.\n")]),
    ("Device check, telemetry bay {n}", [
        (BOB, "Bay {n} loses its signal whenever the lift passes. A technician comes on {d}.\n"),
        (ALICE, "Please move the patient of bay {n} until then.\n"),
        (BOB, "Moved to bay 2.\n")]),
    ("Infection control round", [
        (ERIN, "On {d} we look at hand hygiene on the ward. Last time it was {n} %. No names, only numbers.\n"),
        (ALICE, "Good. Please take the night shift into account too.\n")]),
    ("Consulta sobre {p}", [
        (JOSE, "Estimada Alicia:\n\n¿podrías mirar la analítica de {p}? Tensión 15/9, glucosa en ayunas {n}. Mañana hablamos.\n\n"
               "Un saludo,\nJosé\n"),
        (ALICE, "Querido José:\n\nrepetiría la glucosa y pediría HbA1c. Te llamo el viernes.\n\nAlicia\n"),
        (JOSE, "HbA1c 7,1 %. Empezamos con metformina. ¡Gracias!\n")]),
    ("Rückfrage zur Überweisung {p}", [
        (JUERGEN, "Liebe Frau Kollegin Moreno,\n\nfür {p} fehlt uns noch der Befund der Lungenfunktion. Könnten Sie ihn nachreichen?\n\n"
                  "Mit freundlichen Grüßen\nJürgen Weiß\n"),
        (ALICE, "Lieber Herr Weiß,\n\nFEV1 {n} % vom Soll; der ganze Befund geht heute per Post an Sie.\n\nAlice Moreno\n")]),
    ("共同研究の打ち合わせについて", [
        (YUKI, "モレノ先生\n\nいつもお世話になっております。来週の打ち合わせは水曜日の午前九時でよろしいでしょうか。症例数は {n} 例です。\n\n田中\n"),
        (ALICE, "Dear Tanaka-sensei,\n\nWednesday at nine suits me well. 田中先生によろしくお願いします。\n\nAlice\n")]),
    ("استشارة بخصوص نتائج المختبر", [
        (LAYLA, "عزيزتي الدكتورة أليس،\n\nأرسل إليك نتائج المختبر للمريض التجريبي رقم {n}. هل يمكنك الاطلاع عليها قبل يوم الخميس؟\n\nمع التحية،\nليلى\n"),
        (ALICE, "Dear Layla,\n\nI have looked at them: nothing urgent. شكرا\n\nAlice\n")]),
    ("Planned maintenance of the network", [
        (IT, "On {d} between 22:00 and 23:30 the ward network is down for {n} minutes. Paper charts lie at the desk.\n")]),
    ("New books this month", [
        (LIBRARY, "New on the shelves: a manual of echocardiography, {n} pages; and a history of the stethoscope.\n")]),
    ("Sunday lunch", [
        (MUM, "Are you free on Sunday, or do they keep you on the ward again? Your father makes the paella.\n"),
        (ALICE, "I am free. I bring dessert.\n"),
        (MUM, "Bring yourself, that is enough.\n")]),
    ("Audit of discharge letters", [
        (CAROL, "We reviewed {n} letters of last quarter. Median time to the GP: 3 days. The table is attached.\n"),
        (ALICE, "Better than I feared. What are the outliers?\n"),
        (CAROL, "Two letters that waited for a histology.\n")]),
    ("Shift hand-over, ward 4", [
        (BOB, "Quiet night. {p} in bed {n} had a temperature of 38.4, cultures taken, paracetamol given.\n"),
        (ALICE, "Thank you. Cultures to be checked on {d}.\n")]),
]

NEWSLETTER = """<html><head><title>Newsletter</title><style>p {{ color: #333 }}</style></head><body>
<h1>Society of Internal Medicine</h1>
<p>Dear member,</p>
<p>the annual meeting takes place in <b>Gothenburg</b>. Early registration closes on {d}.</p>
<ul><li>Heart failure: what is new</li><li>Sepsis, the first hour</li><li>Workshop: ultrasound for {n} beginners</li></ul>
<p><a href="https://society.example/meeting">The programme</a></p>
<img src="https://society.example/pixel.gif?id={n}" width="1" height="1" alt="">
</body></html>"""

PHISHING = """<html><body><p>Dear user,</p>
<p>your mailbox is <b>almost full</b>. Your account will be closed within 24 hours unless you confirm your password:</p>
<p><a href="http://mailbox-confirm.dem0.test/login">https://portal.demo.test/mailbox</a></p>
<p>IT Service Desk</p></body></html>"""
