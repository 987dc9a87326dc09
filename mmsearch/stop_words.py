"""Words too common to say what a text is about: Snowball's lists (snowballstem.org, BSD), folded, and question words.

Question words matter most: they are rare in tables and titles, so BM25 would weigh them as the rarest words of a query.
Words that are also nouns of the same language are left in the text: French "son", "est" and "été", German "Weg".
"""

import re
from collections.abc import Mapping

_LISTS = {
    "en": """
        a about above after again against all also am an and any are as at be because been before being below between
        both but by can cannot could did do does doing down during each few for from further had has have having he her
        here hers herself him himself his how i if in into is it its itself just many me more most much my myself no
        nor not of off on once only or other ought our ours ourselves out over own same she should so some such than
        that the their theirs them themselves then there these they this those through to too under until up upon us
        very was we were what when where which while who whom whose why will with would you your yours yourself
        yourselves
        """,
    "de": """
        aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes anderm andern
        anders auch auf aus bei beim bin bis bist da damit dann das dass dasselbe dazu dein deine deinem deinen deiner
        deines dem demselben den denn denselben der derer derselbe derselben des desselben dessen dich die dies diese
        dieselbe dieselben diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines einig
        einige einigem einigen einiger einiges einmal er es etwas euch euer eure eurem euren eurer eures fur gegen
        gewesen hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in
        indem ins ist jede jedem jeden jeder jedes jene jenem jenen jener jenes jetzt kann kein keine keinem keinen
        keiner keines konnen konnte machen man manche manchem manchen mancher manches mein meine meinem meinen meiner
        meines mich mir mit muss musste nach nicht nichts noch nun nur ob oder ohne sehr sei sein seine seinem seinen
        seiner seines selbst sich sie sind so solche solchem solchen solcher solches soll sollte sondern sonst sowie
        uber um und uns unser unsere unserem unseren unserer unseres unter viel viele vieler vom von vor wahrend wann
        war waren warst warum was weil welche welchem welchen welcher welches wem wen wenn wer werde werden weshalb
        wessen wie wieder wieso wieviel will wir wird wirst wo wollen wollte worden wurde wurden zu zum zur zwar
        zwischen
        """,
    "fr": """
        a ai aie aient aies ait au aurai auraient aurais aurait aurez auriez aurions aurons auront aux avaient avais
        avait avec avez aviez avons ayant ayez ayons ce ceci cela celle celles celui ces cet cette ceux combien comme
        comment dans de des dont du elle elles en es et etaient etais etait etant etes etiez etions eu eue eues eumes
        eurent eus eusse eussent eusses eussiez eussions eut eutes eux fumes furent fus fusse fussent fusses fussiez
        fussions fut futes ici il ils je la laquelle le lequel les lesquelles lesquels leur leurs lui ma mais me meme
        memes mes moi mon ne ni nos notre nous on ont ou par pas pour pourquoi qu quand que quel quelle quelles quels
        qui quoi sa sans se sera serai seraient serais serait seras serez seriez serions serons seront ses si soi soient
        sois soit sont soyez soyons suis sur ta te tes toi ton tu un une vos votre vous y
        """,
    "es": """
        a adonde al algo algun alguna algunas alguno algunos ante antes como con contra cual cuales cuando cuanta
        cuantas cuanto cuantos de del desde donde durante e el ella ellas ellos en entre era erais eramos eran eras eres
        es esa esas ese eso esos esta estaba estabais estabamos estaban estabas estad estais estamos estan estando
        estar estara estaran estaras estare estareis estaremos estaria estariais estariamos estarian estarias estas
        este esteis estemos esten estes esto estos estoy estuve estuviera estuvierais estuvieramos estuvieran
        estuvieras estuvieron estuviese estuvieseis estuviesemos estuviesen estuvieses estuvimos estuviste
        estuvisteis estuvo fue fuera fuerais fueramos fueran fueras fueron fuese fueseis fuesemos fuesen fueses fui
        fuimos fuiste fuisteis ha habeis habia habiais habiamos habian habias habida habidas habido habidos habiendo
        habra habran habras habre habreis habremos habria habriais habriamos habrian habrias han has hasta hay haya
        hayais hayamos hayan hayas he hemos hube hubiera hubierais hubieramos hubieran hubieras hubieron hubiese
        hubieseis hubiesemos hubiesen hubieses hubimos hubiste hubisteis hubo la las le les lo los mas me mi mia mias
        mio mios mis mucho muchos muy nada ni no nos nosotras nosotros nuestra nuestras nuestro nuestros o os otra otras
        otro otros para pero poco por porque que quien quienes se sea seais seamos sean seas ser sera seran seras sere
        sereis seremos seria seriais seriamos serian serias si sido siendo sin sobre sois somos son soy su sus suya
        suyas suyo suyos tambien tanto te tendra tendran tendras tendre tendreis tendremos tendria tendriais
        tendriamos tendrian tendrias tened teneis tenemos tenga tengais tengamos tengan tengas tengo tenia teniais
        teniamos tenian tenias tenida tenidas tenido tenidos teniendo ti tiene tienen tienes todo todos tu tus tuve
        tuviera tuvierais tuvieramos tuvieran tuvieras tuvieron tuviese tuvieseis tuviesemos tuviesen tuvieses tuvimos
        tuviste tuvisteis tuvo tuya tuyas tuyo tuyos un una uno unos unas vosotras vosotros vuestra vuestras vuestro
        vuestros y ya yo
        """,
}

STOP_WORDS: Mapping[str, frozenset[str]] = {
    code: frozenset(re.findall(r"\w+", words)) for code, words in _LISTS.items()
}
"""ISO 639-1 code of a language -> its stop words."""
