"""Words too common to say what a text is about: Snowball's English list, folded, and question words.

Question words matter most: they are rare in tables and titles, so BM25 would weigh them as the rarest words of a query.
"""

import re

STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a about above after again against all also am an and any are as at be because been before being below between
        both but by can cannot could did do does doing down during each few for from further had has have having he her
        here hers herself him himself his how i if in into is it its itself just many me more most much my myself no
        nor not of off on once only or other ought our ours ourselves out over own same she should so some such than
        that the their theirs them themselves then there these they this those through to too under until up upon us
        very was we were what when where which while who whom whose why will with would you your yours yourself
        yourselves
        """,
    )
)
