"""German, French and Spanish queries whose words stand in other inflections in the sentence that answers them.

Written by us for this purpose, one line each: query | the sentence that answers | a sentence that does not, though it
has a word of the query as it is spelled there. All sentences of all languages, and some English ones, are the documents
of every query. It shows whether endings, umlauts, elisions and missing accents are overcome, and nothing about how well
real libraries are searched.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Inflected:
    """A query, the sentence that answers it, and one that shares a spelling with it."""

    query: str
    answer: str
    distractor: str


_GERMAN = """
alte Häuser | Das Dach des alten Hauses am Markt ist undicht. | Die alte Brücke über den Kanal wird gesperrt.
Kinderbücher | Sie schenkte dem Jungen ein dickes Kinderbuch. | Der Verlag druckt auch Bücher über Pferde.
schnelle Züge | Der schnellste Zug fährt ohne Halt nach Hamburg. | Die schnelle Lieferung hat alle überrascht.
rote Äpfel | Ein roter Apfel lag unter dem Baum. | Die rote Ampel war an dem Tag ausgefallen.
Verträge kündigen | Er kündigte den Vertrag mit dem Vermieter. | Sie musste ihrem Mitarbeiter kündigen.
Städte am Meer | Die kleine Stadt liegt direkt am Meer. | Am Meer ist es im Winter oft stürmisch.
Hunde bellen | Der Hund bellte die ganze Nacht. | Auf der Ausstellung waren viele Hunde zu sehen.
gefährliche Krankheit | Das Buch handelt von gefährlichen Krankheiten. | Das Klettern ist eine gefährliche Sportart.
Wälder brennen | Im Juli brannte der Wald drei Tage lang. | Die Wälder im Norden sind sehr dicht.
Lehrer streiken | Die Lehrerinnen streikten für höhere Löhne. | Der Lehrer liest gern Romane.
Mueller Bäckerei | Die Bäckereien der Familie Müller öffnen um sechs Uhr. | Herr Mueller verkauft gebrauchte Fahrräder.
Straßen sperren | Die Strasse wird für das Fest gesperrt. | Viele Straßen sind im Herbst nass.
Gemälde des Königs | Die Könige ließen sich gern auf einem Gemälde zeigen. | Das Gemälde zeigt eine Vase mit Blumen.
große Gärten | Hinter der Schule liegt ein großer Garten. | Die große Uhr am Rathaus geht falsch.
Vögel singen | Ein Vogel singt vor dem Fenster. | Die Vögel fliegen im Oktober nach Süden.
neue Rechnungen | Die Firma schickte uns eine neuere Rechnung. | Der neue Bürgermeister hält eine Rede.
Pilze sammeln | Wer einen Pilz sammelt, muss ihn kennen. | Im Keller wachsen Pilze an der feuchten Wand.
kranke Tiere | Der Arzt behandelte ein krankes Tier. | Eine kranke Frau wartete auf den Arzt.
Brücken bauen | Über den Fluss wird eine Brücke gebaut. | Die Kinder bauen eine Höhle aus Decken.
Zeitungen lesen | Mein Großvater liest keine Zeitung mehr. | Die Kinder lesen ein Märchen.
schöne Frauen | Das Bild zeigt eine Frau mit schönem Hut. | Es war eine schöne Zeit in den Bergen.
Flüsse überqueren | Die Soldaten überquerten den Fluss bei Nacht. | Viele Flüsse führen im Frühjahr Hochwasser.
Wohnungen mieten | Sie mietete eine kleine Wohnung im Zentrum. | Man kann dort Boote und Räder mieten.
Maschinen reparieren | Der Mechaniker reparierte die alte Maschine. | Die Maschinen in der Halle sind sehr laut.
starke Schmerzen | Er klagte über einen starken Schmerz im Knie. | Eine starke Brise wehte vom See her.
Fabriken schließen | Die Fabrik wurde im Mai geschlossen. | Bitte schließen Sie das Fenster am Abend.
Gletscher schmelzen | Das Eis des Gletschers schmilzt schneller als früher. | Butter soll langsam schmelzen.
deutsche Dichter | Die Werke des deutschen Dichters sind vergriffen. | Die deutsche Wirtschaft wächst wieder.
Forschungen zum Klima | Die Forschung misst, wie sich das Klima ändert. | Das Klima in der Sitzung war frostig.
Kirchtürme | Der Kirchturm wurde vom Blitz getroffen. | Die Türme der Burg sind verfallen.
Kätzchen fressen | Ein Kätzchen frisst aus dem Napf. | Mäuse fressen sehr gern Getreide.
öffentliche Plätze | Ein öffentlicher Platz mit Bänken. | Die öffentliche Meinung hat sich geändert.
Ärztinnen | Die Ärztin untersuchte das Kind. | Der Architekt untersuchte den Riss.
Maenner | Der Mann trug einen grauen Mantel. | Frau Maen wohnt im dritten Stock.
Universitaeten | Die Universität feiert ihr Jubiläum. | Der Universalkleber hält alles.
Bücher verleihen | Die Bibliothek verleiht auch ein seltenes Buch. | Die Jury wird einen Preis verleihen.
Kuehe | Eine Kuh stand auf der Straße. | Im Museum hängt ein Kupferstich.
Prüfungen bestehen | Sie bestand die schwere Prüfung. | Es bestehen Zweifel an der Aussage.
Löhne erhöhen | Der Betrieb erhöhte den Lohn seiner Leute. | Man will die Preise wieder erhöhen.
Wolken ziehen | Eine dunkle Wolke zieht über das Tal. | Pferde ziehen den schweren Wagen.
Fußballvereine | Der Fussballverein sucht einen Trainer. | Viele Vereine suchen Helfer.
Feuerwehrleute löschen | Ein Feuerwehrmann löschte die Scheune. | Bitte alle Daten auf der Platte löschen.
"""

_FRENCH = """
vieilles maisons | Une vieille maison en pierre est à vendre. | De vieilles habitudes ont la vie dure.
chevaux sauvages | Un cheval sauvage traversait la plaine. | Les canards sauvages arrivent en octobre.
journaux locaux | Le journal local paraît le jeudi. | Les produits locaux sont plus chers.
l'eau potable | Les eaux du puits ne sont pas potables. | Un accord potable fut signé.
histoires d'amour | Une histoire drôle où les amours finissent bien. | Les histoires du pêcheur ennuient son fils.
musees | Le musée ferme à dix-sept heures. | Le muséum des plantes reste ouvert.
ecoles primaires | L'école primaire du village va fermer. | Les élections primaires auront lieu en mai.
travaux publics | Le travail du service public est utile. | Les jardins publics ferment le soir.
élections municipales | L'élection municipale est reportée. | Les piscines municipales sont gratuites.
enfants malades | Un enfant malade attendait le médecin. | Des vaches malades furent abattues.
arbres fruitiers | Il a planté un arbre fruitier devant la porte. | Les arbres perdent leurs feuilles.
maladies rares | Une maladie très rare touche le village. | De rares passants traversaient la place.
chanteuses célèbres | Une chanteuse célèbre habite cette rue. | Les vins célèbres viennent de cette vallée.
bateaux à voile | Un bateau à deux voiles quitta le port. | La voile du théâtre fut déchirée.
découvertes scientifiques | La découverte du scientifique changea tout. | Des revues scientifiques sont vendues ici.
œufs frais | Un œuf bien frais ne flotte pas. | Des légumes frais arrivent chaque matin.
coeur | Les cœurs battaient plus vite. | La cour du château est fermée.
qu'il mangeait | Nous mangeons à midi. | On dit qu'il part demain.
hôpitaux | L'hôpital manque de lits. | Les hôtes arrivent demain.
hopital | Les hôpitaux manquent de lits. | L'opinion publique est partagée.
lois votées | La loi fut votée hier soir. | Les lois de la nature sont simples.
rivières polluées | La rivière est polluée par l'usine. | Les rivières du nord sont froides.
belles photographies | Une belle photographie de la mer. | De belles promesses ont été faites.
prix des loyers | Le loyer augmente chaque année, son prix aussi. | Le prix Goncourt fut remis hier.
réunion des ministres | Le ministre a quitté les réunions. | Une réunion de famille eut lieu.
ponts anciens | Le pont ancien est fermé. | Les ponts du mois de mai sont longs.
accidents de la route | Un accident bloque plusieurs routes. | La route du sel passe par ici.
l'oiseau chante | Les oiseaux chantaient à l'aube. | Un oiseau blessé fut soigné.
nouveaux romans | Son nouveau roman se passe à Lyon. | Les nouveaux voisins ont un chien.
jardins fleuris | Le jardin fleuri attire les abeilles. | Les jardins japonais sont calmes.
montagnes enneigées | La montagne enneigée brillait au soleil. | Les montagnes russes font peur.
usines fermées | L'usine a fermé ses portes. | Les paupières fermées, il rêvait.
ouvriers en grève | L'ouvrier participe aux grèves. | Une grève de sable blanc borde la mer.
peintures d'Orsay | La peinture est exposée au musée d'Orsay. | Des peintures rupestres ornent la grotte.
château royal | Les châteaux royaux de la Loire. | Un festin royal fut servi.
animaux domestiques | Un animal domestique demande du temps. | Les travaux domestiques sont mal payés.
gâteaux au chocolat | Un gâteau aux chocolats noirs. | Du chocolat chaud fut servi.
recettes traditionnelles | La recette traditionnelle de ma tante. | Des danses traditionnelles furent présentées.
voyageurs retardés | Le voyageur retardé dort sur un banc. | Les voyageurs de commerce sont rares.
avocats defendent | L'avocate défend son client. | Les avocats mûrs sont verts et gras.
regions agricoles | La région est surtout agricole. | Les machines agricoles coûtent cher.
lumières éteintes | La lumière est éteinte. | Les espèces éteintes ne reviennent pas.
"""

_SPANISH = """
casas antiguas | Una casa antigua de piedra se vende. | Las monedas antiguas valen mucho.
canciones populares | Una canción popular de la sierra. | Los precios populares atraen gente.
niños pequeños | Un niño pequeño lloraba en la plaza. | Los pequeños comercios cierran.
ninos pequenos | La niña es muy pequeña. | Los pinos crecen en la ladera.
ciudades grandes | La ciudad más grande del país. | Los grandes almacenes cierran el domingo.
trenes rápidos | El tren rápido sale a las nueve. | Los cambios rápidos no duran.
elecciones locales | La elección local fue anulada. | Los vinos locales son baratos.
perros perdidos | Un perro perdido duerme en el portal. | Los objetos perdidos están en la oficina.
leyes aprobadas | La ley fue aprobada por el Senado. | Las leyes de la física son claras.
enfermedades graves | Una enfermedad muy grave afecta al ganado. | Hubo graves disturbios en la calle.
habitaciones libres | No queda ninguna habitación libre. | Los libres pensadores discutían.
lluvias fuertes | La lluvia fuerte inundó la carretera. | Los fuertes del puerto son ruinas.
luces apagadas | La luz estaba apagada. | Las velas apagadas huelen a cera.
flores blancas | Una flor blanca crece en el muro. | Las páginas blancas quedan al final.
árboles frutales | Plantó un árbol frutal junto al pozo. | Los árboles del paseo son altos.
camion | Los camiones bloquean la frontera. | La camisa está sucia.
corazones rotos | El corazón roto de la reina. | Los platos rotos los paga ella.
montañas nevadas | La montaña nevada se ve desde lejos. | Las montañas rusas dan miedo.
autobuses llenos | El autobús iba lleno de turistas. | Los platos llenos esperan en la mesa.
mujeres trabajadoras | La mujer trabajadora pide un salario justo. | Las abejas trabajadoras mueren pronto.
barcos pesqueros | Un barco pesquero volvió al puerto. | Los barcos de papel se hunden.
jardines botánicos | El jardín botánico abre a las diez. | Los jardines colgantes eran famosos.
escuelas rurales | La escuela rural tiene doce alumnos. | Las zonas rurales pierden gente.
pintores españoles | El pintor español murió en Roma. | Los pintores de la fachada descansan.
espanoles famosos | Un español muy famoso vive aquí. | Los espacios famosos de la radio.
recetas tradicionales | La receta tradicional lleva azafrán. | Los trajes tradicionales se guardan.
hospitales privados | El hospital privado cobra mucho. | Los clubes privados piden corbata.
ríos contaminados | El río está contaminado por la fábrica. | Los ríos del norte son cortos.
dolores musculares | Sentía dolor muscular en la pierna. | Los dolores del parto empezaron.
vuelos cancelados | El vuelo fue cancelado por la niebla. | Los vuelos de las aves son largos.
precios del pan | El precio de los panes sube otra vez. | El pan se cuece en el horno.
relojes suizos | El reloj suizo no atrasa. | Los relojes de arena miden mal.
actrices jóvenes | Una actriz joven ganó el premio. | Los jóvenes viajan en grupo.
investigaciones científicas | La investigación científica necesita dinero. | Las investigaciones del juez siguen.
animales salvajes | El animal salvaje huyó al bosque. | Las fiestas salvajes acaban mal.
caminos cerrados | El camino está cerrado por obras. | Los ojos cerrados no ven nada.
lápices de colores | Un lápiz de color rojo. | Los colores de la bandera son tres.
peces tropicales | Un pez tropical nada en la pecera. | Los bosques tropicales desaparecen.
universidades publicas | La universidad pública sube las tasas. | Las universidades de verano abren en julio.
iglesias góticas | La iglesia gótica tiene dos torres. | Las letras góticas se leen mal.
compró manzanas | Ellos compraron una manzana. | Las manzanas del barrio son cuadradas.
cumpleaños felices | El cumpleaños más feliz de su vida. | Los felices años veinte acabaron mal.
"""

_ENGLISH = """
The old house by the market has a new roof.
She bought red apples and rye bread for the children.
A fast train leaves for the coast every hour.
The museum of Hamburg shows paintings of horses and dogs.
Doctors warned of a rare disease in the town.
The bridge across the river was closed for the winter.
Poets die young, and pots break.
A wild animal was seen near the primary school.
"""


def _read(lines: str) -> tuple[Inflected, ...]:
    return tuple(Inflected(*(part.strip() for part in line.split("|"))) for line in lines.strip().splitlines())


INFLECTED: Mapping[str, tuple[Inflected, ...]] = {"de": _read(_GERMAN), "fr": _read(_FRENCH), "es": _read(_SPANISH)}
ENGLISH: tuple[str, ...] = tuple(_ENGLISH.strip().splitlines())
