"""The sentences that outlines are made of: by style and by the part of the story, without a claim about any subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Part = Literal["opening", "context", "development", "turn", "close"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """One scene's words: a heading, a sentence that is always said, and more that are said as time allows.

    `{s}` is the subject. `shot` says how the picture is taken.
    """

    heading: str
    say: str
    more: tuple[str, ...]
    shot: str


@dataclass(frozen=True, slots=True)
class Style:
    """How films of a style are told. `look` ends every picture's prompt."""

    look: str
    parts: Mapping[Part, Sequence[Phrase]]


DOCUMENTARY: Final = Style(
    "documentary photograph, natural light",
    {
        "opening": [
            Phrase(
                "{t}",
                "This is the story of {s}.",
                ("Where does it begin?", "We start with one place, one moment and one question."),
                "wide establishing shot, early morning light",
            )
        ],
        "context": [
            Phrase(
                "How it began",
                "To understand it, we first have to go back a little.",
                ("Who was there, what did they know, and what did they want?", "Every story stands on an older one."),
                "old map and papers on a wooden table, seen from above",
            )
        ],
        "development": [
            Phrase(
                "Step by step",
                "Then things begin to move, one step after another.",
                ("Who takes notice at first, and who does not?", "Some things can only be seen afterwards."),
                "people at work, medium shot",
            ),
            Phrase(
                "A closer look",
                "It is worth looking closely here, at the small things.",
                ("A detail can say more than a long explanation.", "Look at what changes, and at what stays."),
                "close-up of a telling detail, shallow depth of field",
            ),
            Phrase(
                "Another side",
                "There is another side to this, and it deserves to be heard.",
                ("Other people, other reasons, another view of the same events.",),
                "portrait of a person in thought, window light",
            ),
            Phrase(
                "The people",
                "Behind every story there are people, with plans, doubts and hopes.",
                ("Whose names do we know?", "And whose have been forgotten?"),
                "group of people seen from a distance",
            ),
            Phrase(
                "The place",
                "Places remember what happened in them.",
                ("Stand here for a moment, and take it all in.", "Nothing in this picture is there by accident."),
                "the place today, wide and still",
            ),
            Phrase(
                "Under pressure",
                "Every story has its difficult part.",
                ("This is where the easy answers end.", "What looked certain is open again."),
                "dark clouds, strong contrast, low angle",
            ),
            Phrase(
                "What it took",
                "What did it take?",
                ("How much time, how much patience, how much courage?", "And who paid the price?"),
                "hands at work, close-up",
            ),
            Phrase(
                "The pattern",
                "Slowly, the separate pieces come together.",
                ("What seemed like chance begins to look like a pattern.",),
                "aerial view, straight down",
            ),
        ],
        "turn": [
            Phrase(
                "The turning point",
                "And then comes the turning point.",
                ("After this, nothing looks quite the same.", "There is a before, and there is an after."),
                "dramatic light, decisive moment",
            )
        ],
        "close": [
            Phrase(
                "",
                "That is the story of {s}.",
                ("What we make of it is up to us.", "What will we remember of it tomorrow?"),
                "wide shot at dusk, camera moving away",
            )
        ],
    },
)

NEWS: Final = Style(
    "press photograph, sharp and factual",
    {
        "opening": [
            Phrase(
                "{t}",
                "Our top story today is about {s}.",
                ("Here is what we know so far.", "In the next moments, we look at the facts and at the questions."),
                "news location, wide shot",
            )
        ],
        "context": [
            Phrase(
                "The background",
                "First, a look at the background.",
                ("How did it come to this, and who is involved?", "Here are the most important points."),
                "map with marked places, clean graphic",
            )
        ],
        "development": [
            Phrase(
                "What we know",
                "What has been confirmed, and what has not?",
                ("Here, we keep to what can be shown.", "Everything else has to wait."),
                "reporter at the scene",
            ),
            Phrase(
                "Reactions",
                "And what are the reactions?",
                ("Who welcomes it, and who has doubts?", "Both sides deserve to be heard."),
                "people being interviewed in the street",
            ),
            Phrase(
                "In numbers",
                "Now to the numbers, and to what they can tell us.",
                ("A number alone says little.", "It needs something to be compared with."),
                "chart on a large studio screen",
            ),
            Phrase(
                "On the ground",
                "What does it look like on the ground?",
                ("What does it mean for the people who live there?", "Let the pictures speak."),
                "street scene, handheld camera",
            ),
            Phrase(
                "The experts",
                "What do people say who know the subject well?",
                ("Where do they agree, and where do they not?",),
                "expert in an office, medium shot",
            ),
        ],
        "turn": [
            Phrase(
                "The key question",
                "This brings us to the key question.",
                ("What happens next?", "Who decides, and who will feel it?"),
                "press conference, microphones in front",
            )
        ],
        "close": [
            Phrase(
                "",
                "That was our report about {s}.",
                ("We will keep you informed.", "Thank you for watching."),
                "news studio, wide shot",
            )
        ],
    },
)

EXPLAINER: Final = Style(
    "clean flat illustration, few colours",
    {
        "opening": [
            Phrase(
                "{t}",
                "Let us talk about {s}.",
                ("We will take it one piece at a time.", "By the end of this film, you will have the whole picture."),
                "one clear symbol in the centre, much empty space",
            )
        ],
        "context": [
            Phrase(
                "The basics",
                "We begin with the basics.",
                ("What are we looking at, and why does it matter?", "One idea is enough to get started."),
                "simple diagram with three parts",
            )
        ],
        "development": [
            Phrase(
                "The first part",
                "Here is the first part of the answer.",
                ("Keep it in mind, because we will need it again.",),
                "diagram, the first part highlighted",
            ),
            Phrase(
                "How it fits",
                "Each part has its own job, and the parts fit together.",
                ("Follow the arrows, and you can see how.",),
                "arrows connecting simple shapes",
            ),
            Phrase(
                "An example",
                "An example makes it easier.",
                ("Think of something that you do every day.", "What is the same, and what is different?"),
                "everyday scene in simple shapes",
            ),
            Phrase(
                "A common mistake",
                "What is easily misunderstood here?",
                ("What sounds right at first may not be.", "So let us look again."),
                "two pictures side by side, one crossed out",
            ),
            Phrase(
                "One step further",
                "Now we can go one step further.",
                ("What happens if one part changes?", "The rest has to follow."),
                "the diagram with one part changed",
            ),
        ],
        "turn": [
            Phrase(
                "The key idea",
                "And here is the idea that everything depends on.",
                ("If you remember only one thing, remember this.",),
                "large bright symbol, everything else dim",
            )
        ],
        "close": [
            Phrase(
                "In short",
                "So that, in short, was a look at {s}.",
                ("Now you can explain it to somebody else.", "That is the best way to find out if it is clear."),
                "the whole diagram, complete",
            )
        ],
    },
)

AD: Final = Style(
    "bright advertising photograph, clean background",
    {
        "opening": [
            Phrase(
                "{t}",
                "Take a moment for {s}.",
                ("Come closer.", "It could be the moment you have been waiting for."),
                "hero shot, morning light",
            )
        ],
        "context": [
            Phrase(
                "Sound familiar?",
                "You know how it usually goes.",
                ("Too little time, too many things to do.", "There has to be a better way."),
                "busy everyday scene, cool colours",
            )
        ],
        "development": [
            Phrase(
                "Made for you",
                "Made for the way you live.",
                ("At home, at work, and everywhere in between.",),
                "happy person at home, warm colours",
            ),
            Phrase(
                "Every detail",
                "Look at the details.",
                ("Every one of them has been thought about.", "Nothing more than you need, and nothing less."),
                "macro shot of a detail",
            ),
            Phrase(
                "Share it",
                "Good things are better when they are shared.",
                ("Bring your friends.", "Bring your family."),
                "friends laughing together",
            ),
            Phrase(
                "So easy",
                "It is as easy as it looks.",
                ("Start today, and see where it takes you.",),
                "one simple gesture, close-up",
            ),
            Phrase(
                "A good feeling",
                "Some things simply feel right.",
                ("You know it when you see it.", "You know it when you hold it in your hands."),
                "hands, soft light, close-up",
            ),
            Phrase(
                "Day after day",
                "Today, tomorrow, and on all the days that follow.",
                ("Some companions stay.",),
                "the same place in the evening, warm light",
            ),
        ],
        "turn": [
            Phrase(
                "Now",
                "And this is the moment to begin.",
                ("Not next year.", "Not next week.", "Now."),
                "bold colours, movement",
            )
        ],
        "close": [
            Phrase(
                "{t}",
                "Find out more about {s}.",
                ("See it for yourself.", "We look forward to meeting you."),
                "product and name on a plain background",
            )
        ],
    },
)

TUTORIAL: Final = Style(
    "instructional photograph, seen from above, even light",
    {
        "opening": [
            Phrase(
                "{t}",
                "Welcome to this short guide about {s}.",
                ("We will go through it together, one step at a time.", "You can pause whenever you like."),
                "everything laid out on a table",
            )
        ],
        "context": [
            Phrase(
                "Before you start",
                "Before we start, get everything ready that you need.",
                ("Make some room, and take your time.", "Good preparation is half of the work."),
                "tools and materials in order",
            )
        ],
        "development": [
            Phrase(
                "Step {n}",
                "Here is step number {n}.",
                ("Do it slowly the first time, and watch what happens.", "Check the result before you go on."),
                "hands doing one step, close-up",
            ),
            Phrase(
                "Step {n}",
                "Now for step number {n}.",
                ("It builds on what you have just done.", "If something looks different, go back one step."),
                "hands at work, from the side",
            ),
            Phrase(
                "Step {n}",
                "On to step number {n}.",
                ("Take care with the small parts.", "A little practice makes this much easier."),
                "detail, very close",
            ),
        ],
        "turn": [
            Phrase(
                "The tricky part",
                "Now comes the part that may need a second try.",
                ("Do not worry if it does not work at once.", "Go back, take a breath, and try again."),
                "concentrated face, close-up",
            )
        ],
        "close": [
            Phrase(
                "Done",
                "And that completes our guide about {s}.",
                ("Well done.", "Try it once more on your own, and make it yours."),
                "the finished result, seen from the front",
            )
        ],
    },
)

STYLES: Final[dict[str, tuple[Style, frozenset[str]]]] = {
    name: (style, frozenset(words.split()))
    for name, style, words in (
        ("documentary", DOCUMENTARY, "documentary docu history historical biography nature portrait essay"),
        ("news", NEWS, "news report reportage journalism bulletin press"),
        ("explainer", EXPLAINER, "explainer explained explain educational education lesson science lecture course"),
        (
            "ad",
            AD,
            "ad ads advert advertisement advertising commercial promo promotional marketing product trailer teaser",
        ),
        ("tutorial", TUTORIAL, "tutorial howto guide instructions instructional recipe training walkthrough diy"),
    )
}
