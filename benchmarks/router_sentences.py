"""Example queries for each medium, written for the router: templates with their vocabulary, and a held-out handful.

A template is a line in which `{name}` stands for a word list of its medium. The held-out sentences were written by hand
without the templates; `train_router` chooses by them how far the classifier is to be trusted. None comes from
a retrieval set. The lines in other languages are alike for all media, so that a language alone says nothing.
"""

import random
from collections.abc import Mapping

from mmsearch.types import Modality

Lists = Mapping[str, str]

IMAGE_WORDS: Lists = {
    "who": "a man|a woman|two people|a child|a little girl|an old fisherman|a nurse|three boys|a couple|a bride|a chef"
    "|a farmer in boots|a crowd of people|a street musician|a cyclist|a skier|a tennis player|a woman in a red dress"
    "|workers in helmets|a family|a baby|a dancer|a rider|a group of tourists|a mechanic|a boy with glasses",
    "animal": "a cat|a brown dog|a horse|two zebras|a parrot|an elephant|a flock of sheep|a swan|a fox|a goat|a bear"
    "|a herd of cows|a kitten|a squirrel|a butterfly|a deer|ducks|a lizard|a penguin|a camel|an owl",
    "thing": "a bus|a red train|a sailing boat|a motorcycle|an old truck|a bicycle|a plane|a bowl of soup|a pizza"
    "|a birthday cake|a vase of tulips|a laptop|a wooden chair|a suitcase|a stone bridge|a clock tower|a lighthouse"
    "|a blue door|a fire hydrant|a street sign|a kite|a teapot|a plate of vegetables|a piano|a pair of shoes|a tent"
    "|a glass of wine|a fountain|a tractor|an umbrella|a surfboard|a statue",
    "does": "standing|sitting|lying|walking|running|waiting|resting|playing|looking at the camera|eating|posing|jumping"
    "|sleeping|smiling|holding a flag|carrying a basket|talking on a phone|reading a newspaper|riding a bike|waving",
    "lies": "parked|hanging|lying|standing|placed|seen from above|half hidden|covered with snow|lit by lamps|leaning",
    "where": "on a sandy beach|in the snow|next to a tree|in front of a brick wall|on a busy street|under a bridge"
    "|in a green field|on a kitchen counter|by a river|in a crowded market|on a balcony|beside a window|at night"
    "|in the rain|at the airport|in a dark room|on a mountain top|in a museum|behind a fence|at a bus stop|on a sofa"
    "|in the harbour|with mountains in the background|under a cloudy sky|on the grass|in a stadium|near a pond",
    "place": "living room|bathroom|railway station|church|village square|farmyard|office|classroom|harbour|garden"
    "|desert road|city skyline|forest path|waterfall|castle|swimming pool|supermarket shelf|workshop|playground|bakery",
    "look": "with white tiles|full of people|at sunset|in black and white|covered in ivy|from above|with a round table"
    "|in autumn colours|with big windows|in thick fog|decorated with lights|painted yellow|without any people",
    "colour": "red|blue|yellow|green|white|black|orange|pink|striped|golden",
    "noun": "boats|roses|balloons|curtains|mountains|sunset|clouds|cars|flowers|roof|jacket|mushrooms|fireworks|birds",
}
IMAGE_LINES = """
{who} {does} {where}
{who} is {does} {where}.
{who} and {animal} {where}
{who} next to {thing}
{who} looking at {animal} {where}
{animal} {does} {where}
{animal} on top of {thing}
{animal} close up
close-up of {thing}
{thing} {lies} {where}
{thing} {where}
there is {thing} {where}
{thing} beside {thing}
several people around {thing} {where}
{who} holding {thing}
a {place} {look}
a {place} with {thing}
an empty {place} {look}
view of a {place} {look}
{colour} {noun}
{colour} {noun} {where}
{noun} and {noun} {look}
{place} {look}
the {place} at dawn with {who}
what does {thing} {where} look like
diagram with {colour} arrows and boxes
{who} wearing a {colour} hat
silhouette of {who} {where}
ein Hund am Strand
eine Frau mit rotem Hut vor einem Fenster
ein altes Boot im Hafen bei Sonnenuntergang
un chat sur un canapé
des enfants qui jouent dans la neige
una calle mojada de noche con luces
un perro corriendo por la playa
"""

TABLE_WORDS: Lists = {
    "team": "Norway|the red team|the home team|Brazil|Kenya|the club|Bayern|the Lions|Italy|the university team|Japan",
    "person": "the winner|Maria Silva|Tom Baker|the captain|the youngest player|the driver|the senator|Okafor|she|he",
    "event": "the 1994 games|the final|the championship|the 2010 season|the marathon|the election|the second round"
    "|the tournament|the census|the 100 metres|the league in 1987|the last race|the regatta|the spelling contest",
    "count": "medals|goals|points|seats|votes|wins|passengers|episodes|albums|students|inhabitants|matches|tonnes|laps"
    "|awards|employees|visitors|barrels|branches|titles|floors",
    "measure": "rainfall|salary|price|population|attendance|temperature|length|weight|revenue|unemployment|budget|age"
    "|harvest|water level|rent|speed|distance|voter turnout|score|height|fuel consumption",
    "by": "per month|by district|by year|for each country|in 2015|between 1990 and 2000|per household|by age group"
    "|for every station|by department|per quarter|in the first half of 2021",
    "unit": "city|country|team|year|ship|school|river|model|airline|station|district|product|player|state|band|bridge",
    "year": "1936|1958|1972|1984|1999|2003|2012|2018|2023",
}
TABLE_LINES = """
how many {count} did {team} have in {year}
how many {count} did {team} win in total
how many {unit}s have more than 500 {count}
what was the total number of {count} in {event}
what is the highest {measure} {by}
average {measure} {by}
{measure} {by}
{measure} and {measure} {by}
list of {unit}s by {measure}
list of {unit}s and their {count}
which {unit} had the lowest {measure} in {year}
which {unit} has the most {count}
which {unit} comes after {year}
what {unit} is listed last
who came second in {event}
who won {event} in {year}
who finished with the most {count} in {event}
did {team} get more {count} than {team}
how much did the {measure} change from {year} to {year}
in which year did {team} win the most {count}
when did {person} first win {event}
difference in {measure} between the first and the last {unit}
{count} of {team} in {year}
results of {event}
{unit} {measure} {year}
what was the score when {team} played {team}
what position did {person} finish in {event}
the number of {unit}s with a {measure} above 40
what is the {measure} of the {unit} with the fewest {count}
timetable of the {unit} {by}
{person} {count} {year}
top ten {unit}s by {count}
which {unit}s were added in {year} and {year}
wie viele Einwohner hatte die Stadt 1990
durchschnittlicher Niederschlag pro Monat
combien de médailles la France a-t-elle gagnées en 1998
prix moyen par région
cuántos goles marcó el equipo en 2004
población por distrito en 2011
lista de precios 2020
"""

AUDIO_WORDS: Lists = {
    "speaker": "someone|a man|a woman|the speaker|an old sailor|the host|a witness|a professor|the narrator|a miner"
    "|she|he|the mayor|a guest|the teacher|the storyteller|my grandmother|a soldier",
    "says": "says|explains|remembers|talks about|tells|mentions|complains about|describes|admits|jokes about|speaks of"
    "|reads aloud about|answers a question about|recalls",
    "what": "the winter of the great frost|how the ferry sank|a childhood on the farm|leaving home at sixteen"
    "|the price of bread|the strike at the mill|meeting a famous poet|the night of the fire|her first day at work"
    "|an old quarrel with his brother|the noise of the engines|losing the election|the death of the king"
    "|a promise that was broken|the journey across the mountains|being afraid of the dark|the new budget|a lost letter"
    "|the smell of the harbour|why the plan failed|raising bees|the voice of the machine|learning to sing|a dream",
    "claim": "we were never told the truth|the bells rang all night|nobody came back|it was the best summer of my life"
    "|you must not be afraid|the money was gone|I would do it again|there was no bread left|he had lied to all of us"
    "|the river took everything|I have never seen such a crowd|they sang until morning|the door was locked",
    "kind": "interview|speech|podcast|lecture|conversation|radio programme|sermon|recording|debate|voice message"
    "|audiobook chapter|phone call|panel discussion|oral history",
}
AUDIO_LINES = """
{speaker} {says} {what}
{speaker} says that {claim}
{speaker} said "{claim}"
where does {speaker} say that {claim}
who says {claim}
when is {what} mentioned
the moment when {speaker} {says} {what}
{kind} about {what}
{kind} in which {speaker} {says} {what}
{kind} with {speaker}
I remember {what}, and {claim}
I told him that {claim}
"{claim}," said {speaker}
{claim}, and I shall never forget it
oh, my dear, {claim}
do you recall {what}?
what did {speaker} say about {what}
they talk about {what} and laugh
{speaker} quietly {says} {what}
quote about {what}
{claim}
well, you know, {claim}
{speaker} is asked about {what}
ladies and gentlemen, {claim}
{speaker} whispers to {speaker} that {claim}
he begs her to forget {what}
sound of laughter while {speaker} {says} {what}
jemand erzählt von der Flucht im Winter
sie sagt, dass niemand zurückkam
Gespräch über die Kindheit auf dem Hof
elle raconte la nuit de l'incendie
il dit que tout est perdu
alguien habla de la huelga
ella cuenta cómo perdió la carta
"""

TEXT_WORDS: Lists = {
    "cause": "Aspirin|Regular exercise|Smoking|Vitamin D|Deforestation|A high-salt diet|Noise|Inflation|Caffeine"
    "|The vaccine|Insulin|Chronic stress|Deep sleep|Air pollution|The enzyme|Crop rotation|The mutation|Carbon dioxide"
    "|Minimum wage|Bilingual education|Statin therapy|Ocean acidification|The protein kinase|Antibiotics",
    "effect": "blood pressure|the risk of stroke|cell growth|bone density|memory in older adults|soil quality"
    "|the immune response|infant mortality|school results|tumour size|heart failure|the spread of malaria|inflammation"
    "|the number of insects|coral reefs|glucose levels|gene expression|kidney function|household debt|liver damage",
    "group": "in mice|in elderly patients|in pregnant women|in children|among farm workers|in developing countries"
    "|after surgery|over ten years|in a randomised trial|in coastal waters|in cultured cells|in most adults",
    "topic": "a cooperative|a right of way|photosynthesis|a mortgage|the offside rule|a compost heap|a heat pump"
    "|the separation of powers|a firewall|sourdough|plate tectonics|a will|herd immunity|dark matter|a sonnet"
    "|the water cycle|a neural network|the trade wind|a lighthouse lens|the plague|copyright|a trade union",
    "task": "prune an apple tree|apply for a visa|set up a printer|write a cover letter|repair a flat tyre|bake bread"
    "|treat a burn|cancel a contract|learn a language|insulate a roof|reset a password|calculate interest"
    "|train a puppy|back up a database|store potatoes|tie a bowline|file a complaint|restore old furniture",
    "past": "the Roman empire fall|the treaty fail|the company close|the railway reach the coast|all leave the island"
    "|the town change its name|the revolution begin|the species die out|the bank collapse|the language disappear",
}
TEXT_LINES = """
{cause} reduces {effect}
{cause} increases {effect} {group}.
{cause} has no effect on {effect} {group}
{cause} is associated with {effect}
{effect} is caused by {cause}
{cause} can prevent changes of {effect} {group}.
does {cause} improve {effect}
evidence that {cause} lowers {effect} {group}
relation between {cause} and {effect}
mechanism by which {cause} alters {effect}
low levels of {effect} {group} predict worse outcomes
how to {task}
how do I {task}
instructions to {task} step by step
best way to {task}
rules you must follow to {task}
what is {topic}
what is the purpose of {topic}
definition of {topic}
how does {topic} work
history of {topic}
advantages and disadvantages of {topic}
introduction to {topic} for beginners
why did {past}
how did {past}
what led to the decision about {topic}
{topic} explained
the role of {topic} in modern society
difference between {topic} and {topic}
criticism of {topic}
requirements and exceptions for {topic}
{cause} inhibits {effect} by binding to a receptor
wie funktioniert eine Wärmepumpe
Rauchen erhöht das Risiko für Schlaganfall
warum scheiterte der Vertrag
comment tailler un pommier
le tabac augmente la tension artérielle
cómo solicitar un visado
la vacuna reduce la mortalidad infantil
"""

SOURCES: Mapping[Modality, tuple[str, Lists]] = {
    "image": (IMAGE_LINES, IMAGE_WORDS),
    "table": (TABLE_LINES, TABLE_WORDS),
    "audio": (AUDIO_LINES, AUDIO_WORDS),
    "text": (TEXT_LINES, TEXT_WORDS),
}

HELD_OUT: Mapping[Modality, str] = {
    "image": """
a toddler blowing out candles
muddy football boots on a doormat
aerial shot of terraced rice fields
the inside of a rusty ship
someone in a wheelchair crossing a zebra crossing
graffiti of a whale
neon lights reflected in puddles
hands kneading dough
a dog wearing sunglasses
wooden stairs going down to the sea
half-eaten burger and fries on a tray
group selfie with mountains
the front of an old cinema
giraffes drinking
a desk with two monitors and a plant
snow-covered pine trees
a fishing net drying in the sun
girl flying a kite
broken window
a black and white portrait of a bearded man
stack of pancakes with syrup
children around a campfire
an airplane wing above the clouds
market stall with oranges
""",
    "table": """
how tall is the tallest building in the city
sales figures for the northern region
who scored the winning goal in extra time
departures from platform 4 on Sundays
total cost of all items ordered in March
what was the opponent on october 5
number of nights the hotel was full
gdp growth of the five largest economies
the only swimmer under fifty seconds
what party did the member from ohio belong to
which album sold the most copies
exchange rate dollar euro 2008
last place finisher
how long did the second mission last
ingredients with calories per 100 g
what year had the fewest accidents
names of all goalkeepers
stations with bicycle parking
percentage of women in parliament
how many times was the race held in Monaco
what did the film earn at the box office
is the amazon longer than the nile
first three episodes and their air dates
sum of the invoices that are not paid
""",
    "audio": """
she confesses that she never loved him
talking about what it was like during the blackout
a man begs for mercy
the presenter thanks the sponsors
they argue over who left the gate open
he promises to come home before Christmas
an engineer recounts the launch
good evening and welcome to the show
the part where she mentions her sister's wedding
I don't think anybody expected that
praying for rain
he speaks proudly of his son
my father used to say never trust a quiet sea
a discussion on rising rents
the old lady scolds the servants
and then the captain shouted to cut the ropes
advice given to young writers
someone apologises for being late
remarks on loneliness and faith
telling the children about the wolf
her answer when asked about retirement
a caller wants to know about taxes
it was no use pretending any longer, he thought
the king orders his men to ride at dawn
""",
    "text": """
side effects of ibuprofen in combination with alcohol
why bread goes stale
tenant's obligations when moving out
coffee consumption protects against diabetes
how vaccines are tested before approval
origins of the potato in Europe
p53 loss promotes metastasis
steps for descaling a kettle
what makes a good apology
microplastics have been found in human placenta
can bees see ultraviolet light
the theory of continental drift
installation guide for the solar inverter
what happens if a witness refuses to testify
meaning of the term stoicism
breast-fed infants have fewer infections
how was the printing press invented
troubleshooting a slow network
influence of the moon on tides
the effect of light at night on melatonin
a short biography of the composer
are e-bikes allowed on forest paths
policy on working from home
moderate alcohol intake does not prolong life
""",
}
"""Queries that no template makes, by hand."""


def sentences(medium: Modality, each: int, seed: int) -> list[tuple[str, str]]:
    """(template, query) for the medium: at most `each` different queries of every template."""
    lines, words = SOURCES[medium]
    choices = {name: options.split("|") for name, options in words.items()}
    chance = random.Random(f"{seed} {medium}")
    made: list[tuple[str, str]] = []
    for line in lines.strip().splitlines():
        drawn = dict.fromkeys(_filled(line, choices, chance) for _ in range(each))
        made += [(line, query) for query in drawn]
    return made


def _filled(line: str, choices: Mapping[str, list[str]], chance: random.Random) -> str:
    while "{" in line:
        before, _, rest = line.partition("{")
        name, _, after = rest.partition("}")
        line = before + chance.choice(choices[name]) + after
    return line
