"""What generated tasks are about: names, things, places."""

from __future__ import annotations

from random import Random

PEOPLE = ("Amara", "Bela", "Chidi", "Dina", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jun", "Kemal",
          "Lena", "Milan", "Noor", "Olga", "Pavel", "Quinn", "Rosa", "Sami", "Tessa")  # fmt: skip
THINGS = ("apples", "bolts", "candles", "drills", "erasers", "forks", "gloves", "hammers", "inks",
          "jars", "keys", "lamps", "maps", "nails", "oils", "pens", "quilts", "ropes",
          "screws", "tapes")  # fmt: skip
PLACES = ("Accra", "Bergen", "Cusco", "Dakar", "Exeter", "Fukuoka", "Graz", "Hobart", "Izmir",
          "Jaipur", "Kigali", "Lyon", "Malmo", "Nantes", "Oulu", "Porto", "Quito", "Riga",
          "Split", "Turin")  # fmt: skip
TOPICS = ("budget", "garden", "harbour", "kitchen", "library", "museum", "orchard", "railway",
          "school", "theatre", "village", "workshop")  # fmt: skip
SENTENCES = (
    "The meeting starts at nine and ends before noon.",
    "Please bring the printed plans and two pencils.",
    "Rain is expected, so the tour begins inside.",
    "The old bridge was painted green last summer.",
    "Every visitor receives a small map at the gate.",
    "Nobody has seen the blue ladder since Monday.",
    "The kettle in the back room works again.",
    "Two of the windows still need new glass.",
    "Our neighbours lend us their trailer on Friday.",
    "The list of plants hangs beside the door.",
)


def several(rng: Random, words: tuple[str, ...], count: int) -> list[str]:
    """Return different words by lot."""
    return rng.sample(words, count)


def stem(rng: Random) -> str:
    """Return a name for a file, without its ending."""
    return f"{rng.choice(TOPICS)}-{rng.randrange(10, 100)}"
