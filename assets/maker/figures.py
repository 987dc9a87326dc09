"""The figures of the binary tables: boats and dues, festival money, herring exports, the lamp's log."""

from __future__ import annotations

BOATS_HEAD = ["berth", "boat", "kind", "length_m", "draught_m", "skipper_or_owner", "since"]
BOATS = [
    ("N1", "Silver Dawn", "trawler", 23.4, 3.6, "Petra Lund", 2009),
    ("N2", "Kestrel", "creel boat", 9.8, 1.4, "Ewan Bligh", 2015),
    ("N3", "Pelican", "creel boat", 10.2, 1.5, "Ruth Kell", 2011),
    ("N4", "Northern Lass", "trawler", 18.9, 2.9, "Magnus Tolley", 1998),
    ("N5", "Two Brothers", "creel boat", 8.9, 1.2, "Sid and Len Fife", 1987),
    ("N6", "Amity", "seine netter", 16.5, 2.6, "Grace Otway", 2004),
    ("N7", "Provider", "creel boat", 11.0, 1.7, "Harald Brae", 2018),
    ("N8", "Girl Ellen", "creel boat", 7.6, 1.0, "Edwin Rudd", 1979),
    ("N9", "Tern", "hand liner", 6.4, 0.8, "Nora Hollis", 2020),
    ("N10", "Steadfast", "trawler", 20.1, 3.1, "Colm Reay", 2001),
    ("N11", "Morning Star", "creel boat", 9.1, 1.3, "Isla Quill", 2016),
    ("N12", "Puffin", "squid jigger", 8.2, 1.1, "Tam Kettley", 2022),
    ("N13", "Rambling Rose", "creel boat", 10.6, 1.6, "Fergus Lund", 2013),
    ("N14", "Patience", "hand liner", 5.9, 0.7, "Ada Bligh", 1966),
    ("S1", "Eider", "ferry", 27.5, 2.2, "Dougal Reay", 1994),
    ("S2", "Grace Annable", "lifeboat", 16.3, 1.5, "Hamish Orde", 2012),
    ("B04", "Halcyon", "yacht", 9.4, 1.6, "Dr Leila Hart", 2019),
    ("B07", "Windrush", "yacht", 11.8, 1.9, "visitor", 2024),
    ("B11", "Dolly", "motor boat", 5.2, 0.5, "Kit Marlowe", 2021),
    ("B12", "Slow Clock", "motor boat", 6.8, 0.7, "Customs House café", 2017),
    ("B19", "Curlew", "gaff cutter", 8.7, 1.3, "sailing club", 1953),
    ("B23", "Moth and Moon", "houseboat", 14.0, 0.9, "Wilf Annable", 2008),
]

DUES_HEAD = ["length_up_to_m", "one_night_gbp", "one_week_gbp", "one_month_gbp", "whole_year_gbp"]
DUES = [
    (6, 12, 60, 140, 690),
    (8, 16, 80, 190, 940),
    (10, 21, 105, 250, 1250),
    (12, 27, 135, 320, 1640),
    (15, 36, 180, 430, 2210),
    (20, 52, 260, 620, 3180),
    (30, 80, 400, 950, 4900),
]

MONEY_HEAD = ["item", "pounds", "note"]
INCOME = [
    ("Collection buckets along Bank Street", 6842.15, "including one button and a French coin"),
    ("Chestnuts and ginger cake", 3190.40, "profit after ingredients"),
    ("Grant of the town council", 4000.00, ""),
    ("Harbour Trust", 1500.00, ""),
    ("Workshop fees", 960.00, "120 places at £8"),
    ("Advertisements in the programme", 1275.00, ""),
    ("Legacy of Miss E. Tolley", 2500.00, "for jam jars"),
]
SPENDING = [
    ("Silver band and Creel Band", 2400.00, ""),
    ("Drums, hire and carriage", 1180.00, "in place of fireworks"),
    ("Willow, tissue paper and glue", 1634.80, ""),
    ("LED candles, 1,200 pieces", 1908.00, "kept for next year"),
    ("Insurance", 2215.00, ""),
    ("First aid and marshals", 870.00, ""),
    ("Extra ferries", 640.00, "two sailings"),
    ("Hot chocolate for lost children", 212.35, "see minutes"),
    ("Street cleaning", 780.00, ""),
    ("Mending the library window", 365.00, "the whale"),
]

HERRING_HEAD = ["season", "drifters", "crans_landed", "barrels_exported", "price_per_barrel_shillings", "chief_port"]
HERRING = [
    (1890, 231, 38200, 61400, 24.5, "Stettin"),
    (1892, 236, 41100, 66900, 23.0, "Stettin"),
    (1894, 244, 52600, 84300, 19.5, "Stettin"),
    (1896, 249, 49800, 80100, 22.0, "Danzig"),
    (1898, 255, 63500, 101200, 25.0, "Stettin"),
    (1900, 261, 57900, 93800, 28.5, "Stettin"),
    (1901, 262, 61300, 98700, 27.0, "Königsberg"),
    (1902, 266, 70800, 113500, 26.0, "Königsberg"),
    (1903, 268, 66200, 107300, 25.5, "St Petersburg"),
    (1904, 270, 73900, 119800, 23.5, "Stettin"),
    (1905, 274, 79600, 128100, 25.0, "St Petersburg"),
    (1906, 277, 84200, 136700, 27.5, "St Petersburg"),
    (1907, 280, 91700, 148350, 26.5, "St Petersburg"),
    (1908, 281, 80300, 131600, 22.5, "Stettin"),
    (1909, 279, 74700, 121000, 24.0, "Königsberg"),
    (1910, 280, 77100, 125900, 25.5, "St Petersburg"),
    (1911, 281, 82400, 134200, 27.0, "St Petersburg"),
    (1912, 278, 75300, 122800, 29.5, "St Petersburg"),
    (1913, 279, 83600, 137400, 31.0, "Königsberg"),
    (1914, 274, 20900, 29300, 33.0, "none after July"),
]

LAMP_HEAD = ["date", "part", "work_done", "person", "hours", "cost_gbp"]
LAMP = [
    ("2022-04-12", "diode cluster", "yearly test, brightness 98 percent", "Rosa Kettley", 2.0, 0),
    ("2022-11-03", "lens rotation motor", "bearings greased", "Rosa Kettley", 3.5, 42),
    ("2023-04-18", "diode cluster", "yearly test, one of 36 diodes replaced", "Rosa Kettley", 3.0, 118),
    ("2023-06-29", "mercury trough", "mercury filtered and topped up", "Lighthouse Board", 9.0, 2350),
    ("2023-10-09", "standby batteries", "bank renewed", "Lighthouse Board", 6.0, 4120),
    ("2024-01-16", "lantern panes", "opening closed with plywood and sailcloth", "First Skerrin Scouts", 11.0, 260),
    ("2024-01-24", "lens", "salt and splinters removed, chip recorded", "Lighthouse Board", 16.0, 3900),
    ("2024-02-27", "lantern panes", "eleven curved panes set in putty", "Glaserei Brandt", 38.0, 86400),
    ("2024-03-05", "cables", "wet cable in the tower replaced", "Rosa Kettley", 14.0, 1730),
    ("2024-03-08", "whole light", "trial behind curtains, pattern and range correct", "Lighthouse Board", 4.0, 0),
    ("2024-09-17", "gallery rail", "scraped and painted", "First Skerrin Scouts", 20.0, 185),
    ("2024-11-12", "diode cluster", "yearly test, brightness 97 percent", "Rosa Kettley", 2.0, 0),
]
