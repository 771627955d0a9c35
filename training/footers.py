"""What stands below bulk mail, good or bad: who sent it, why, and how to have no more of it.

Without it below our own good mail a network takes the mark of copyright for spam, as the published
corpora have little bulk mail of this century that is none.
"""

from random import Random

# {from} and {zip} are filled here, once a template; all else is a blank as templates have it.
_ABOVE = (
    "View this email in your browser",
    "Click here to view this email in your web browser.",
    "Having trouble reading this? View online: {link}",
    "{from} logo",
    "{from} | {date}",
)
_WHO = (
    "© {year} {from}. All rights reserved.",
    "Copyright © {year} {from}, Inc. All rights reserved.",
    "© {year} {from} Ltd. | {street}, {city}",
    "{from}, Inc. {street}, {city}, CA {zip}, USA",
    "© {from} {year}, {street}, {zip} {city}",
    "Our mailing address is:\n{from}\n{street}\n{city}, NY {zip}",
    "{from} is registered in {city}, company number {zip}. All rights reserved.",
)
_WHY = (
    "You are receiving this email because you signed up at {domain}.",
    "You received this email because you have an account with {from}.",
    "This email was sent to {email}.",
    "This message was sent to {email} by {from}.",
    "This is a service message about your account. Please do not reply to this email.",
    "This is an automated message, replies are not read.",
    "You get this because you are subscribed to {from} updates.",
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
    "Thank you for being a customer of {from}.",
    "Please add {email} to your address book.",
)


def frame(body: str, random: Random) -> str:
    """A template's body with a footer of a few lines below it and, now and then, a line above."""
    above = [random.choice(_ABOVE)] if random.random() < 0.3 else []
    below = [random.choice(of) for of in (_WHO, _WHY, _NO_MORE, _ALSO) if random.random() < 0.7]
    random.shuffle(below)
    framed = "\n\n".join([*above, body.strip(), *below])
    sender = "{shop}" if "{shop}" in body else "{company}"
    return framed.replace("{from}", sender).replace("{zip}", str(random.randint(10_000, 99_999)))
