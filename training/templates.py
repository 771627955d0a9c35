"""Messages written for this project: templates of ham and spam with blanks, filled at random.

Every name, shop and company is invented; links lead to the domains reserved for examples.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from random import Random

from model.mime import Message
from training.footers import frame

_NAMES = (
    "Amara Anika Björn Carlos Chen Dmitri Elif Emma Fatima Femi Giulia Hana Ingrid Ivan Jamal "
    "Joana Kenji Lars Leila Lucía Maeve Mateus Mei Nadia Noah Oksana Olivia Pierre Priya Rafael "
    "Sanjay Sofia Tariq Thandi Tomasz Uche Wei Yara Yusuf Zoë"
).split()
_COMPANIES = (
    "Brightfern|Quillmoor Systems|Tallow & Reed|Osterlane|Nimbuvale|Corvanto|Pinemarrow|"
    "Heliogram Works|Fernlock|Dovetide Energy|Marlquist|Umbrafield|Kestrowell|Larkenby Bank|"
    "Velomere|Saltgrove Media"
).split("|")
_SHOPS = (
    "Wren & Thimble|The Copper Ladle|Mossbarn Outdoor|Pagelantern Books|Tinkerloft|Oatmeadow|"
    "Velvet Badger|Lumenjar|Hazel & Hob|Rovercrate|Threadbarrow|Plumstead Pantry|Gizmonook|"
    "Saffron Kettle"
).split("|")
_PRODUCTS = (
    "walnut desk lamp|merino socks, grey|cast-iron pan 26 cm|USB-C cable 2 m|rain jacket|"
    "wireless headphones|tea towel set|running shoes|notebook A5 dotted|coffee beans 1 kg|"
    "phone case|tomato seeds|puzzle 1000 pieces|yoga mat|water bottle 750 ml|bicycle light|"
    "linen shirt|ink cartridge|board game|cushion cover"
).split("|")
_CITIES = (
    "Eastmere Hollowbridge Norrvik Valdoro Lindenau Montclair Harlow Puerto-Alba Ostrowo Kiyosato "
    "Riverton Ashcombe"
).split()
_STREETS = "Mill Lane|Station Road|Lindenweg|Harbour Street|Rue du Moulin|Calle Mayor".split("|")
_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_PATHS = "account orders track view settings r e/c help invoice confirm".split()
_TLDS = ("com", "net", "org")
_FRAMED = 0.5
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def messages(folder: Path, copies: int, seed: int) -> Iterator[tuple[str, Message]]:
    """Yield (file stem, message): every template of the TOML files in `folder`, `copies` times.

    Of a file that says `bulk = true` half get what stands around bulk mail (training.footers). The
    same seed gives the same messages. Raises ValueError for a blank that has no filling.
    """
    random = Random(seed)
    for path in sorted(folder.glob("*.toml")):
        file = tomllib.loads(path.read_text(encoding="utf-8"))
        for number, template in enumerate(file["message"]):
            text = template["body"]
            # The same for all fillings, so that they stay near-duplicates of each other.
            framing = Random(f"{path.stem} {number}")
            if file.get("bulk") and framing.random() < _FRAMED:
                text = frame(text, framing)
            for _ in range(copies):
                blanks = _blanks(random)
                try:
                    subject = template["subject"].format_map(blanks)
                    body = text.format_map(blanks)
                except KeyError as error:
                    raise ValueError(f"{path.name}: unknown blank {error.args[0]!r}") from error
                yield path.stem, Message(subject, body)


def _blanks(random: Random) -> dict[str, str]:
    """One filling of every blank; within a message a blank keeps its value."""
    first, other = random.sample(_NAMES, 2)
    product, product2 = random.sample(_PRODUCTS, 2)
    domain = f"{random.choice(('', 'www.', 'mail.', 'my.'))}example.{random.choice(_TLDS)}"
    day, month, year = random.randint(1, 28), random.randint(1, 12), random.randint(2012, 2027)
    return {
        "name": random.choice((first, f"{first} {random.choice(_NAMES)}son")),
        "first": first,
        "sender": f"{other} {random.choice(_NAMES)}sen",
        "company": random.choice(_COMPANIES),
        "shop": random.choice(_SHOPS),
        "number": random.choice(("", "", "A-", "DE", "#", "W")) + str(random.randint(1000, 10**9)),
        "amount": _amount(random),
        "date": random.choice(
            (
                f"{day} {_MONTHS[month - 1]} {year}",
                f"{_MONTHS[month - 1]} {day}, {year}",
                f"{day:02}.{month:02}.{year}",
                f"{year}-{month:02}-{day:02}",
                f"{month}/{day}/{year}",
            )
        ),
        "time": f"{random.randint(0, 23):02}:{random.randrange(0, 60, 5):02}",
        "city": random.choice(_CITIES),
        "street": f"{random.choice(_STREETS)} {random.randint(1, 180)}",
        "product": product,
        "product2": product2,
        "domain": domain,
        "link": _link(random, domain),
        "link2": _link(random, domain),
        "email": f"{first.lower()}{random.choice(('', random.randint(1, 99)))}@example.net",
        "phone": _phone(random),
        "year": str(year),
        "code": str(random.randint(0, 999_999)).zfill(6),
        "month": _MONTHS[month - 1],
        "day": random.choice(_DAYS),
        "count": str(random.randint(2, 60)),
        "percent": f"{random.choice((5, 10, 12, 15, 20, 25, 30, 40, 50))}%",
    }


def _amount(random: Random) -> str:
    """A sum of money as the many conventions write it."""
    whole, cents = (
        random.choice((random.randint(1, 99), random.randint(100, 900))),
        random.choice((0, 50, 90, 95, 99, random.randint(1, 98))),
    )
    return random.choice(
        ("${}.{:02}", "£{}.{:02}", "€{}.{:02}", "{},{:02} €", "{}.{:02} EUR")
    ).format(whole, cents)


def _phone(random: Random) -> str:
    digits = "".join(random.choices("0123456789", k=9))
    return random.choice(("0{}{}{}", "+44 {} {} {}", "+1-{}-{}-{}", "({}) {}-{}")).format(
        digits[:3], digits[3:6], digits[5:]
    )


def _link(random: Random, domain: str) -> str:
    """A link as senders make them: some bare, some with a tracking token."""
    token = "".join(random.choices(_LETTERS, k=random.choice((6, 12, 28))))
    return f"https://{domain}/{random.choice(_PATHS)}" + random.choice(
        ("", f"/{token}", f"?t={token}")
    )
