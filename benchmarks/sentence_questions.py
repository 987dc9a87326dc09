"""Questions about the demo library's texts, by hand: document, question, and a phrase of the sentence that answers.

An empty phrase means that the document says nothing of it, though it is about the same things.
"""

QUESTIONS = """
history/town_history.md | how long is the breakwater | 412 metres of granite
history/town_history.md | who built the breakwater of Port Skerrin | 412 metres of granite
history/town_history.md | when did the last train leave | last train left in 1964
history/town_history.md | where does the name Skerrin come from | tax roll of 1296
history/town_history.md | when did gas light come to the town | Gas light reached
history/town_history.md | which towns is Port Skerrin twinned with | It is twinned with
history/town_history.md | what is the old cannery used for now | It is now the library
history/town_history.md | what was the murder about | one murder
history/town_history.md | who is the mayor of Port Skerrin |
history/town_history.md | how much did the railway cost |
history/town_history.md | when did the school open |
lifeboat/silver_dawn_rescue.md | when did the lifeboat launch | launched at 01:52
lifeboat/silver_dawn_rescue.md | why did the trawler's engine stop | drawn into the propeller
lifeboat/silver_dawn_rescue.md | who was given a silver medal | silver medal to Hamish Orde
lifeboat/silver_dawn_rescue.md | who was the skipper of the trawler | The skipper, Petra Lund
lifeboat/silver_dawn_rescue.md | when did the first tow line break | parted at 03:20
lifeboat/silver_dawn_rescue.md | what did they use for the third attempt | used the anchor cable
lifeboat/silver_dawn_rescue.md | how many people were in the lifeboat | coxswain Hamish Orde and a crew of six
lifeboat/silver_dawn_rescue.md | how much fuel did the lifeboat burn |
lifeboat/silver_dawn_rescue.md | which hospital was the injured man taken to |
lifeboat/silver_dawn_rescue.md | when was the Silver Dawn built |
weather/january_storm.md | when was high water in the storm | High water was at
weather/january_storm.md | how many houses were flooded | Forty-three houses
weather/january_storm.md | what broke the glass of the lantern | A boulder had been lifted
weather/january_storm.md | how many lobster pots lay in the churchyard | 212 lobster pots
weather/january_storm.md | who closed the Long Arm | Ines Calder closed
weather/january_storm.md | how long was the broken piece of the parapet | thirty-eight metres
weather/january_storm.md | did anybody die in the town | Nobody in the town was killed
weather/january_storm.md | what did the repairs of the breakwater cost |
weather/january_storm.md | how many trees fell |
weather/january_storm.md | who repaired the organ |
wildlife/cliff_birds.md | when do the puffins leave | puffins left overnight
wildlife/cliff_birds.md | why are guillemot eggs shaped like a pear | shaped like a pear
wildlife/cliff_birds.md | how many gannets did the bird flu kill | nearly a third of the gannets
wildlife/cliff_birds.md | what colour are the eyes of gannets that survived | black eyes instead of blue
wildlife/cliff_birds.md | what is a gannet's nest made of | heap of weed
wildlife/cliff_birds.md | how old are the guillemots when they jump | At three weeks old
wildlife/cliff_birds.md | what do puffins eat |
wildlife/cliff_birds.md | how many eggs does a kittiwake lay |
wildlife/cliff_birds.md | who pays the warden |
harbour/harbour_guide.md | how many berths are there in the Inner Basin | 46 berths
harbour/harbour_guide.md | where does the ferry tie up | ties up at the outer end
harbour/harbour_guide.md | which channel should visiting yachts call | VHF channel 12
harbour/harbour_guide.md | who is the harbour master | The harbour master, Ines Calder
harbour/harbour_guide.md | how many fishing boats land at the North Quay | Fourteen fishing boats
harbour/harbour_guide.md | how late is the clock of the customs house | four minutes slow
harbour/harbour_guide.md | what does a berth cost a night |
harbour/harbour_guide.md | where can I buy diesel |
harbour/harbour_guide.md | when was the swing bridge built |
ferry/ferry_guide.md | how much is an adult single ticket | An adult single costs
ferry/ferry_guide.md | how many passengers can the Eider carry | carries 96 passengers
ferry/ferry_guide.md | how long does the crossing take | The crossing takes forty minutes
ferry/ferry_guide.md | when does the skipper cancel the ferry | cancels when the swell
ferry/ferry_guide.md | can I pay by card on board | no card machine
ferry/ferry_guide.md | what should I do if I miss the last boat | miss the last boat
ferry/ferry_guide.md | what does it cost to take a car |
ferry/ferry_guide.md | where was the Eider built |
ferry/ferry_guide.md | who owns the café on Morra |
history/gale_1883.txt | how many boats were lost in the great gale | Seventeen were lost
history/gale_1883.txt | who was the eldest of the drowned | The eldest was Jonas Tolley
history/gale_1883.txt | how many men and boys drowned | Fifty-four men and boys
history/gale_1883.txt | what was the money of the subscription used for | a barometer has been fixed
history/gale_1883.txt | when did the rooks leave the elms | the rooks had left
history/gale_1883.txt | how much money was collected |
history/gale_1883.txt | what was the name of the vicar's wife |
lighthouse/lighthouse_story.md | how tall is the lighthouse | The tower is 34 metres tall
lighthouse/lighthouse_story.md | when was the light lit for the first time | lit for the first time
lighthouse/lighthouse_story.md | how many steps are there in the tower | 148 steps
lighthouse/lighthouse_story.md | what fuel burned in the first lamp | burned in the first lamp
lighthouse/lighthouse_story.md | who was the last keeper | the last keeper, Alasdair Finn
lighthouse/lighthouse_story.md | where was the lens made | made in Paris
lighthouse/lighthouse_story.md | what did the tower cost |
lighthouse/lighthouse_story.md | how many ships were wrecked before there was a light |
lighthouse/relighting.md | who pressed the button | The button was pressed by
lighthouse/relighting.md | how much did the glass cost | The bill for the glass
lighthouse/relighting.md | why was the repair slow | The repair had been slow
lighthouse/relighting.md | how many people came to see the light switched on | About nine hundred people
lighthouse/relighting.md | how far could the emergency lamp be seen | could be seen for nine miles
lighthouse/relighting.md | who drove the lorry |
lighthouse/relighting.md | what did the silver band play first |
festival/festival_origins.md | when was the Bonny Martha lost | 25 October 1919
festival/festival_origins.md | how many men were aboard the drifter | Nine men were aboard
festival/festival_origins.md | who set candles in jam jars on the quay | she walked down to the water
festival/festival_origins.md | why are there drums and no fireworks | for the sake of the birds
festival/festival_origins.md | how many jars were there in the second year | sixty jars
festival/festival_origins.md | what is the first prize of the lantern competition |
festival/festival_origins.md | when did Agnes Tolley die |
history/herring_years.md | how long did the herring season last | The season lasted ten weeks
history/herring_years.md | how many fish did a barrel hold | A barrel held between
history/herring_years.md | how many fish could a gutter open in a minute | opened sixty fish in a minute
history/herring_years.md | where were the barrels shipped to | by steamer to Stettin
history/herring_years.md | what happened to the barrels when the war began | four thousand full barrels
history/herring_years.md | how much did a gutter earn |
history/herring_years.md | who took the photograph in the town hall |
weather/sea_fog.html | how deep is the bank of fog | hundred and fifty metres deep
weather/sea_fog.html | how often does the fog horn sound | one blast every thirty seconds
weather/sea_fog.html | how long did the fog last in 1976 | in 1976
weather/sea_fog.html | what is the cold white bank called | is called the haar
weather/sea_fog.html | how many ships ran aground in the fog |
weather/sea_fog.html | who operates the horn |
harbour/harbour_rules.html | where is swimming allowed | Swimming is allowed
harbour/harbour_rules.html | how fast may a boat go in the fairway | six knots in the fairway
harbour/harbour_rules.html | where is diesel sold | Diesel is sold
harbour/harbour_rules.html | when were the rules last revised | last revised
harbour/harbour_rules.html | what should I do when the maroons are fired | lifeboat maroons are fired
harbour/harbour_rules.html | may I fish from the Long Arm |
harbour/harbour_rules.html | what is the fee for a mooring |
harbour/fish_market.txt | when does the bell of the market ring | The bell rings
harbour/fish_market.txt | which fish is sold first | Haddock goes first
harbour/fish_market.txt | how long has Bartholomew Quill sold fish | thirty-one years
harbour/fish_market.txt | where is the lobster driven to | drives them to Spain
harbour/fish_market.txt | what happens to fish that nobody bids for | What nobody bid for
harbour/fish_market.txt | how many buyers are there |
harbour/fish_market.txt | what does a kilo of haddock cost |
ferry/morra_walk.txt | how high is the summit of Morra | The summit cairn
ferry/morra_walk.txt | when do the seals have their pups | grey seals have their pups
ferry/morra_walk.txt | how old is the Giant's Table | five thousand years old
ferry/morra_walk.txt | what is in the red telephone box | lending library
ferry/morra_walk.txt | how long is the walk | A walk of seven miles
ferry/morra_walk.txt | how many people live on Morra |
ferry/morra_walk.txt | who put up the white posts |
lighthouse/keepers_diary.txt | how many herring boats did he count | two hundred and twelve
lighthouse/keepers_diary.txt | how long was the horn sounded without a break | nineteen hours
lighthouse/keepers_diary.txt | what did they do with the woodcock | woodcock went into a pie
lighthouse/keepers_diary.txt | how old was Edwin Rudd |
lighthouse/keepers_diary.txt | what was a keeper paid |
"""

WHETHER = """
ferry/ferry_guide.md | do children under five pay for the ferry | Children under five travel free
ferry/ferry_guide.md | is the upper deck dry in an easterly wind | a bath in an easterly
ferry/ferry_guide.md | can you hire a car on Morra | no cars to hire
ferry/ferry_guide.md | does the ferry run when the swell is high | cancels when the swell
ferry/ferry_guide.md | does the ferry carry bicycles | six bicycles, the post
ferry/ferry_guide.md | does the ferry have a restaurant |
ferry/ferry_guide.md | is the ferry painted blue |
harbour/harbour_guide.md | may anyone use the tap of the sailing club | anyone may use its drinking tap
harbour/harbour_guide.md | does the clock of the customs house show the right time | four minutes slow
harbour/harbour_guide.md | is it safe to walk the Long Arm when the red flag is up | never when the red flag is up
harbour/harbour_guide.md | are there showers for visiting yachts |
weather/january_storm.md | was anybody in the town killed by the storm | Nobody in the town was killed
weather/january_storm.md | did the power fail in the lower town | The power failed
weather/january_storm.md | was the cinema flooded | Forty-three houses and the cinema
weather/january_storm.md | did the school close after the storm |
wildlife/cliff_birds.md | do fulmars pair for life | They pair for life
wildlife/cliff_birds.md | can young guillemots fly when they leap | unable to fly
wildlife/cliff_birds.md | has the colony of gannets grown again | the colony has begun to grow
wildlife/cliff_birds.md | do eagles nest on the cliffs |
lighthouse/lighthouse_story.md | is there a handrail in the tower | a rope where a handrail should be
lighthouse/lighthouse_story.md | has the glass around the lamp been changed | The glass around the lamp has not changed
lighthouse/lighthouse_story.md | did the keeper move far away | He did not go far
lighthouse/lighthouse_story.md | can visitors sleep in the tower |
lighthouse/relighting.md | was the great lens damaged | The great lens itself was unharmed
lighthouse/relighting.md | did the townspeople pay for the glass | of which the townspeople raised
lighthouse/relighting.md | was the button pressed by the mayor | The button was pressed by
lighthouse/relighting.md | did the bishop come |
festival/festival_origins.md | are there fireworks at the end of the festival | fireworks that are not fireworks
festival/festival_origins.md | were lanterns lit during the second war | During the second war no flame
festival/festival_origins.md | did Agnes Tolley have children | had two small boys
festival/festival_origins.md | is there a fee to enter the festival |
history/town_history.md | is Port Skerrin twinned with another town | It is twinned with
history/town_history.md | does the railway still run | last train left in 1964
history/town_history.md | was there ever a university in the town |
"""
"""To be answered with yes or no: the sentence that decides it is right."""


def questions(said: str = QUESTIONS) -> list[tuple[str, str, str]]:
    """(document, question, phrase)."""
    lines = (line for line in said.strip().splitlines() if line)
    return [(d.strip(), q.strip(), p.strip()) for d, q, p in (line.split("|") for line in lines)]
