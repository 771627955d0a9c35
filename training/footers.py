"""What stands below bulk mail, good or bad: who sent it, why, and how to have no more of it.

Without it below our own good mail a network takes the mark of copyright for spam, as the published
corpora have little bulk mail of this century that is none.
"""

from random import Random

_ABOVE = (
    "View this email in your browser",
    "Click here to view this email in your web browser.",
    "Having trouble reading this? View online: {link}",
    "{company} logo",
    "{company} | {date}",
)
_WHO = (
    "© {year} {company}. All rights reserved.",
    "Copyright © {year} {company}, Inc. All rights reserved.",
    "© {year} {company} Ltd. | {street}, {city}",
    "{company}, Inc. {street}, {city}, CA {zip}, USA",
    "© {company} {year}, {street}, {zip} {city}",
    "Our mailing address is:\n{company}\n{street}\n{city}, NY {zip}",
    "{company} is registered in {city}, company number {zip}. All rights reserved.",
)
_WHY = (
    "You are receiving this email because you signed up at {domain}.",
    "You received this email because you have an account with {company}.",
    "This email was sent to {email}.",
    "This message was sent to {email} by {company}.",
    "This is a service message about your account. Please do not reply to this email.",
    "This is an automated message, replies are not read.",
    "You get this because you are subscribed to {company} updates.",
    "This mailbox is not monitored.",
)
_NO_MORE = (
    "Unsubscribe",
    "Unsubscribe | Manage preferences | Privacy policy",
    "To stop receiving these emails, click here to unsubscribe.",
    "Don't want these emails? Unsubscribe or update your email settings.",
    "Change what you receive: {link}",
    "unsubscribe from this list · update subscription preferences",
    "If you no longer wish to receive our emails, unsubscribe here: {link}",
    "Help center | Contact us | Terms | Unsubscribe",
)
_ALSO = (
    "Follow us on Facebook, Twitter and Instagram",
    "Facebook Twitter LinkedIn YouTube",
    "Questions? Contact us at {email} or call {phone}.",
    "Need help? Visit our help center: {link}",
    "Terms of service · Privacy · Contact us",
    "Get the app: App Store | Google Play",
    "Any questions? Just reply to this email, we're happy to help.",
    "Thank you for being a customer of {company}.",
    "Please add {email} to your address book.",
)


def frame(body: str, blanks: dict[str, str], random: Random) -> str:
    """The body with a footer of a few lines below it and, now and then, a line above it."""
    above = [random.choice(_ABOVE)] if random.random() < 0.3 else []
    below = [random.choice(of) for of in (_WHO, _WHY, _NO_MORE, _ALSO) if random.random() < 0.7]
    random.shuffle(below)
    sender = blanks["shop"] if blanks["shop"] in body else blanks["company"]
    filled = blanks | {"company": sender, "zip": str(random.randint(10_000, 99_999))}
    above, below = ([line.format_map(filled) for line in lines] for lines in (above, below))
    return "\n\n".join([*above, body.strip(), *below])
