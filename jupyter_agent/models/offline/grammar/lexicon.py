"""The words of questions about tables, each with its part of speech: looked up once, before anything is combined."""

from __future__ import annotations

from calendar import day_name
from collections.abc import Mapping
from typing import Any

from jupyter_agent.models.offline.lexicon import BINDING, FILLERS, MONTHS, NUMBERS, words

#: Column words that an adjective speaks of; after a minus those of which less is meant. ``@time`` is the column that says when,
#: ``@rows`` counts rows.
_ADJECTIVES = {
    "expensive": "price cost fare fee amount charge", "pricey": "price cost fare fee", "costly": "price cost fare fee", "cheap": "-price -cost -fare -fee -amount -charge -budget",
    "dear": "price cost fare fee", "old": "age -birth -born -built -founded -year -since -signup -@time", "young": "-age birth born built founded year",
    "new": "@time year built -age", "recent": "@time year", "late": "delay late @time", "early": "-delay -@time", "tall": "height", "heavy": "weight mass", "light": "-weight -mass",
    "fast": "speed velocity -duration -seconds -laptime", "slow": "-speed -velocity duration seconds minutes hours laptime", "quick": "speed -duration -seconds -minutes -hours", "long": "length duration distance worked took elapsed hours minutes seconds days time pages",
    "short": "-length -height -duration -distance -worked -took -elapsed -hours -minutes -seconds -days -time -pages", "far": "distance", "near": "-distance", "close": "-distance", "rich": "income salary wealth gdp",
    "poor": "-income -salary -wealth -gdp", "busy": "@rows", "populous": "population people inhabitants", "profitable": "profit margin", "warm": "temperature temp", "hot": "temperature temp",
    "cold": "-temperature -temp", "cool": "-temperature -temp", "humid": "humidity", "dry": "-humidity -rain -rainfall", "wet": "rain rainfall precipitation humidity",
    "windy": "wind", "happy": "happiness satisfaction", "satisfied": "satisfaction", "punctual": "-delay -late -wait", "unhappy": "-happiness -satisfaction", "common": "@rows", "frequent": "@rows", "popular": "@rows", "rare": "-@rows",
    "deep": "depth", "wide": "width", "bright": "brightness", "loud": "loudness noise", "strong": "strength force", "rated": "rating score stars", "crowded": "occupancy passengers visitors",
    "big": "", "large": "", "high": "", "great": "", "small": "-", "low": "-", "tiny": "-", "valuable": "value worth price", "thick": "thickness pages", "experienced": "experience years", "good": "rating score stars", "bad": "-rating -score -stars",
}  # fmt: skip
_IRREGULAR = {
    "best": "good", "better": "good", "worst": "bad", "worse": "bad", "farthest": "far", "latest": "new", "newest": "new", "priciest": "pricey", "commonest": "common",
}  # fmt: skip

#: Words for a column that is called something else, tried in order.
SYNONYMS = {
    "sell": "quantity units sales revenue turnover amount", "earn": "income salary wage wages pay earnings revenue", "turnover": "revenue sales", "revenue": "turnover sales", "sale": "revenue turnover",
    "money": "revenue income turnover amount", "cost": "price fare fee", "price": "cost fare", "salary": "income wage pay", "wage": "salary pay income", "income": "salary earnings",
    "gender": "sex", "sex": "gender", "dept": "department", "qty": "quantity", "quantity": "qty", "town": "city", "nation": "country", "kind": "type category", "type": "kind category",
    "category": "kind type", "duration": "length minutes hours", "length": "duration worked", "inhabitant": "population people", "population": "people inhabitants", "live": "city town country address",
    "weigh": "weight mass", "title": "name", "temperature": "temp", "subscriber": "subscribed", "score": "points rating", "happiness": "satisfaction", "answer": "response", "lateness": "delay",
    "buyer": "customer", "arrival": "arrived", "departure": "departed", "client": "customer", "hire": "hired", "employee": "name", "seller": "vendor", "crowd": "attendance visitors", "consumption": "usage kwh energy", "usage": "consumption", "speed": "rpm velocity kmh mph knots",
}  # fmt: skip

#: Who did so, where it is not the verb with another ending.
AGENTS = {
    "wrote": "author writer", "made": "maker manufacturer creator brand", "built": "builder architect manufacturer", "painted": "painter artist", "sang": "singer artist",
    "taught": "teacher instructor", "drove": "driver", "flew": "pilot", "won": "winner", "led": "leader", "sold": "seller vendor", "bought": "buyer customer", "treated": "doctor",
    "ran": "runner", "rode": "rider", "written": "author writer", "sung": "singer artist", "founded": "founder", "supplied": "supplier", "played": "player", "ordered": "customer",
}  # fmt: skip
#: Words for values that are written in another way.
VALUE_SYNONYMS = {
    "woman": "female f w woman", "women": "female f w woman", "female": "female f w", "man": "male m man", "men": "male m man", "male": "male m",
    "girl": "female f girl", "boy": "male m boy", "warning": "warn warning", "yes": "yes y true", "no": "no n false",
}  # fmt: skip

#: People and things of a country, with its names and codes.
_OF_COUNTRIES = """american unitedstates usa us unitedstatesofamerica america; argentinian argentine argentina ar; australian aussie australia au; austrian austria at; belgian belgium be;
    brazilian brazil br; british briton brit unitedkingdom uk gb greatbritain britain; bulgarian bulgaria bg; canadian canada ca; chilean chile cl; chinese china cn; colombian colombia co;
    croatian croat croatia hr; czech czechia cz czechrepublic; danish dane denmark dk; dutch netherlands nl thenetherlands holland; egyptian egypt eg; english england; estonian estonia ee;
    finnish finn finland fi; french france fr; german germany de; greek greece gr; hungarian hungary hu; icelandic iceland is; indian india in; indonesian indonesia id; irish ireland ie;
    israeli israel il; italian italy it; japanese japan jp; kenyan kenya ke; korean southkorea kr korea; latvian latvia lv; lithuanian lithuania lt; mexican mexico mx; moroccan morocco ma;
    nigerian nigeria ng; norwegian norway no; pakistani pakistan pk; peruvian peru pe; polish pole poland pl; portuguese portugal pt; romanian romania ro; russian russia ru russianfederation;
    scottish scot scotland; serbian serb serbia rs; slovak slovakia sk; slovenian slovene slovenia si; southafrican southafrica za; spanish spaniard spain es; swedish swede sweden se;
    swiss switzerland ch; thai thailand th; turkish turk turkey tr turkiye; ukrainian ukraine ua; vietnamese vietnam vn; welsh wales"""


def _countries() -> dict[str, str]:
    listed = [entry.split() for entry in _OF_COUNTRIES.split(";")]
    return {word: " ".join(names) for names in listed for word in names if len(word) > 3}


#: What each of these words may be written as; a code only where a column is about countries.
COUNTRIES = _countries()
#: What is added up where no function is named: the mean of a month's sales is not its sales.
ADDITIVE = frozenset(
    words(
        "revenue revenues sales quantity qty units profit profits turnover orders visits clicks views downloads passengers people visitors tons amount tickets votes bookings rentals plays streams listens likes comments goals deaths births kwh mwh"
    )
)
#: Columns whose values are never added up.
NOT_ADDITIVE = frozenset(
    words(
        """price prices rate rates rating score temp temperature humidity pressure age year weight height width speed percent pct ratio share index level
        density mean avg average median max min salary wage income grade bmi wind satisfaction happiness stars lat lon latitude longitude margin ph"""
    )
)
#: Columns of which more is worse.
_BAD = frozenset(
    words(
        "delay delays late error errors cost costs price fare debt loss losses risk complaints unemployment churn defects failures"
    )
)
#: The column that makes a row big, where nobody says which, by words in its name.
AMOUNTS = words("revenue turnover sales total amount price value fare")
#: Units behind a number, and the columns that are counted in them.
UNITS = {
    "eur": "price cost fare fee amount revenue pay", "degrees": "temperature temp", "minutes": "delay duration took elapsed minutes", "years": "age", "kg": "weight mass", "km": "distance km", "hours": "duration took elapsed hours",
    "days": "days duration", "meters": "height length depth",
}  # fmt: skip
UNIT_WORDS = {
    "eur": "eur euro euros € dollar dollars usd bucks pounds", "degrees": "degree degrees celsius °c °", "minutes": "min mins minute minutes", "years": "years", "kg": "kg kilos kilograms",
    "km": "km kilometers kilometres", "hours": "h hours hour", "days": "days", "meters": "m meters metres",
}  # fmt: skip

#: Words for people that may be values, too.
PERSONS = frozenset(
    words("woman women man men boy boys girl girls male males female females kid kids child children adult adults")
)

#: Phrases by their letter: see `combinators`.
_PHRASES: Mapping[str, Mapping[str, str]] = {
    "F": {
        "mean": "mean|average|avg|averages|means|averaged|on average|mean value|average value|typical|in the mean", "median": "median|medians|middle value", "sum": "sum|total|totals|sum of all|in total|altogether|overall|summed|sum up|totalled",
        "std": "std|standard deviation|stdev|spread", "var": "variance", "skew": "skew|skewness", "kurt": "kurtosis|excess kurtosis", "max": "max|maximum|maximal|maxima", "min": "min|minimum|minimal|minima",
        "range": "range|extent|min and max|minimum and maximum|range of values", "quartiles": "quartiles|quartile|percentiles|quantiles", "percentile": "percentile|quantile",
        "span": "date range|time range|time span|timespan|time period|period|period covered|from when to when|time frame|covered period|range of dates|from which day to which day|from which date to which date|from what day to what day|from what date to what date",
        "nunique": "number of unique|number of distinct|number of different|how many different|how many unique|how many distinct|count of unique|count of distinct|count distinct|count unique|distinct count|unique count|nunique",
    },
    "H": {"": "how many|hw many|how mny|howmany|how many times|number of|nr of|no of|count of|count|total number of|the number of|# of|nr|counted|amount of", "each": "how often|counts|value counts|value count|frequency|frequencies|occurrences|count of each|number of each|how many of each|counts of|value counts of"},
    "U": {"": "how much", **{word: f"how {word}" for word in words("high big large long old tall expensive late warm hot cold heavy fast deep wide")}},
    "B": {"": "by|per|for each|for every|in each|in every|each|every|of each|grouped by|group by|across|broken down by|split by|within each|for all|according to|groupby|depending on|coloured by|colored by|color by|colour by|with each|at each|over the|over", "all": "across all|across all the|over all|over all the"},
    "I": {"of": "of|paid by|incurred by|received by|earned by|spent by|made by|scored by|reported by", "in": "in|during|within|on|at|for|from|to|with|among|into|through|about|under the|as|than"},
    "J": {">=": "since|starting|from", ">": "after", "<": "before|until|till|up to|prior to"},
    "&": {"": "and|&|plus|as well as|,|;|together with|along with|what about|how about|same for|the same for|but"},
    "/": {"": "or"},
    "+": {"n": "n", "x": "x|×"},
    "$": {"": "spend|spends|spent|pay|pays|paid"},
    "!": {"": "not|without|w / o|out of|except|excluding|other than|exclude|no|but not|except for|ignoring|apart from|non"},
    "0": {"": "not say|not state|not stated|not tell|not report|not reported|not give|missing|null|nulls|nan|nans|na|empty|blank|unknown|gaps|missing values|null values|nan values|missing data|missing vals|no value|not available|not known|not given|incomplete"},
    "u": {"": "kinds of|types of|sorts of|kind of|type of|sort of|different|diff|distinct|unique|various|possible"},
    "%": {"": "share|shares|percentage|percentages|percent|proportion|proportions|fraction|fractions|%|how much percent|how many percent|what percent|what percentage|what share|what fraction|split in %|split|percentual|rate|rates|in percent|in %|as percent"},
    "P": {"weekday": "weekday|weekdays|day of week|day of the week|days of the week", "year": "year|years|calendar year", "quarter": "quarter|quarters", "month": "month|months|calendar month", "week": "week|weeks", "day": "day|days|date|dates", "hour": "hour|hours"},
    "p": {"year": "yearly|annual|annually", "quarter": "quarterly", "month": "monthly|over time", "week": "weekly", "day": "daily", "hour": "hourly|by hour of day|by hour of the day|per hour of day|per hour of the day", "weekday": "by weekday|per weekday"},
    "w": {"": "which|what|whose|wich|whic|wat", "who": "who|whom"},
    "W": {"": "when|at what time"},
    "s": {"": "sort|sorted|order|rank|ranked|arrange|arranged|order by|ordered by|sort by|sorted by|ranked by|rank by|order them by|sort them by|sort it by|sort that by|sort them|sort it"},
    "t": {"first": "first|head", "last": "last|tail", "top": "top", "bottom": "bottom"},
    "d": {"down": "descending|desc|decreasing|high to low|from high to low", "up": "ascending|asc|increasing|low to high|from low to high|alphabetically|chronologically", "turn": "the other way|the other way round|the other way around|reversed|in reverse|reverse"},
    "v": {"": "filter|filter rows|filter for|filter by|keep|keep rows|keep only|keep only rows|select rows|get rows|resample|aggregate|show|list|display|give|print|find|see|get|show me|give me|list of|find all|which are"},
    "E": {"compare": "compare|compared|comparison|versus|vs|against|comparison of|compare the", "difference": "difference|difference between|differ|gap between|differences|difference in|by how much|gap", "change": "change|changed|increase|increased|grow|grew|rise|rose|develop|developed|decrease|decreased|decline|declined|shrink|shrank|fall|fell|drop|dropped|go up|go down|went up|went down|lose|lost"},
    "c": {"": "correlation|correlate|correlates|correlated|corr|related|relationship|relation|depend|depends|affect|affects|influence|influences|association|associated|correlations|correlation matrix|correlation coefficients|correlation coefficient"},
    "~": {"": "between"},
    "=": {"": "is|are|was|were|saw|be|been|equals|equal|equal to|=|==|exactly|being|am|has|have|had|having|with value"},
    "^": {"contains": "contains|contain|containing|includes|including|like|mention|mentions|mentioning|with the word", "contains in": "in them|in it|in the name|in the names|in its name|in their name|in their names|in the text", "startswith": "starts with|start with|starting with|begins with|begin with|beginning with", "endswith": "ends with|end with|ending with|ending in|ending on"},
    "z": {"": "never|not ever"},
    "h": {"": "how do i|how can i|how do you|how would i|how could i|how to|how should i|code|the code|code to|code for|snippet|snippet for|write code to|write code for|in code"},
    "q": {"": "wise|breakdown"},
    "k": {
        "": "plot|plots|chart|charts|graph|draw|visualize|visualise|picture|diagram|plotted|one plot|one chart|the same plot|plot it|a plot",
        "line": "line|lines|line plot|line chart|line graph|curve|curves|lineplot", "bar": "bar|bars|bar plot|bar chart|barplot|bar graph|column chart|count plot|countplot|bar plots|bar charts",
        "barh": "horizontal bars|horizontal bar chart|horizontal|horizontally|sideways|horizontal bar plot|barh", "area": "area chart|area plot",
        "scatter": "scatter|scatter plot|scatterplot|scatter chart|scatter plots|point plot", "pie": "pie|pie chart|pie plot|pies|pie charts",
        "hist": "hist|histogram|histograms|hists|distribution|distributions|distribution plot", "heatmap": "heatmap|heat map|heatmaps",
        "box": "box|boxes|boxplot|boxplots|box plot|box plots|box and whisker plot",
    },
    "e": {"stacked": "stacked|stack|on top of each other", "bins": "bin|bins|buckets", "title": "titled|title|with the title|with title", "log": "log scale|logarithmic|logarithmic scale|log axis|log y|logarithmic axis"},
    "O": {"": "outliers|outlier|anomalies|anomaly|extreme values|extreme value"},
    "m": {"z": "z score|z scores|zscore|z score method|zscore method|z score threshold", "iqr": "iqr|iqr method|iqr rule|interquartile range method", "threshold": "threshold|cutoff"},
    "y": {"": "others|the others|the rest|rest|non-subscribers|everyone else|everybody else"},
    "r": {"": "where|that|whose|if"},
    "g": {"rows": "as rows|in rows|in the rows", "columns": "as columns|in columns|in the columns", "": "pivot|pivot table|crosstab|cross tab|cross tabulation|cross table|unstack|contingency table"},
    "R": {"": "rows|row|records|record|entries|entry|observations|observation|one|ones|cases|answer|answers|data points|thing|things|item|items|reading|readings|measurement|measurements|anyone|anybody|someone|somebody"},
    "o": {"": "only|just|nothing but"},
    "x": {"": "they|them|those|these|that|it|this|their|its|the same|those ones"},
}  # fmt: skip
_COMPARISONS = {
    ">=": ">=|≥|at least|no less than|not less than|greater than or equal to|greater or equal to|or more|minimum of", "<=": "<=|≤|at most|no more than|not more than|less than or equal to|or less|maximum of|up to",
    ">": ">|over|above|more than|greater than|exceeding|exceeds|exceed|beyond", "<": "<|under|below|less than|fewer than", "!=": "!=|<>|≠",
}  # fmt: skip
#: They fill, or their part is played by the words around them.
_FILLING = frozenset(
    words(
        """do does did done the a an this these there here i me my we us our you your can could would should may might please pls
        place placed places live lives living made make makes happen happened happens occur occurs occurred go goes going come comes came belong
        belongs respectively ever so far value values got gets get we've all any some whole entire data dataset table hello hi hey just been
        quite exactly overall now then also too he she him her his hers who ca whats what's
        take appears appear occurs sign signed bought again instead answered answering respond responded registered recorded measured stored column columns
        want wanted know tell order's ok okay thanks thank have's s u gimme lemme level levels frame dataframe must shall determine identify using method yet still cover covers covered"""
    )
)
#: What `FILLERS` has that fills here too: not what could be a name or a unit.
_POLITE = frozenset(
    words(
        """show list print display give find tell look looks looking compute calculate calculated data dataset datasets table tables
        actually really currently possible exactly quickly quick simple simply maybe perhaps basically pls plz hmm well nice exist exists
        existing available anything overall general generally kindly want wanted would love check view instead value values"""
    )
)
ORDINALS = words("first second third fourth fifth sixth seventh eighth ninth tenth")
#: In which direction a row's place, a name or a quality is looked for.
Entry = tuple[str, Any]


def hints(adjective: str) -> tuple[tuple[str, int], ...]:
    """The column words of an adjective, each with 1 for more and -1 for less."""
    return tuple((word.lstrip("-"), -1 if word.startswith("-") else 1) for word in _ADJECTIVES[adjective].split())


def is_bad(names: frozenset[str]) -> bool:
    """Whether more of a column with these words in its name is worse."""
    return bool(names & _BAD)


def entries_of(phrases: Mapping[str, Mapping[Any, str]]) -> dict[str, list[Entry]]:
    """Phrases with their parts of speech, from those of each letter and meaning."""
    found: dict[str, list[Entry]] = {}
    for letter, meanings in phrases.items():
        for data, alternatives in meanings.items():
            for phrase in alternatives.split("|"):
                found.setdefault(phrase, []).append((letter, data))
    return found


def before(own: Mapping[str, list[Entry]], others: Mapping[str, list[Entry]]) -> Mapping[str, list[Entry]]:
    """Both lexicons, with the parts of speech of the first one first."""
    return {phrase: [*own.get(phrase, ()), *others.get(phrase, ())] for phrase in {**others, **own}}


def _inflected() -> dict[str, list[Entry]]:
    """Adjectives with their comparatives and superlatives."""
    found: dict[str, list[Entry]] = {}
    for adjective, columns in _ADJECTIVES.items():
        stems = {adjective, adjective[:-1] + "i"} if adjective.endswith("y") else {adjective}
        stems |= {adjective + adjective[-1]} if len(adjective) <= 5 and adjective[-1] in "tgdnm" else set()
        found[adjective] = [("A", adjective)]
        for bare in (stem.removesuffix("e") for stem in stems):
            found.setdefault(bare + "est", []).append(("S", adjective))
            found.setdefault(bare + "er than", []).append(("L", ("<" if columns == "-" else ">", adjective)))
            found.setdefault(bare + "er", []).append(("a", adjective))
    for word, adjective in _IRREGULAR.items():
        found[word] = [("S" if word.endswith(("st", "est")) else "a", adjective)]
    found["most"], found["least"] = [("S", "large")], [("S", "small")]
    found["more"], found["less"], found["fewer"] = [("a", "large")], [("a", "small")], [("a", "small")]
    for word, adjective in (
        ("greatest", "large"),
        ("biggest", "large"),
        ("fewest", "small"),
        ("peak", "large"),
        ("maximum", "large"),
        ("minimum", "small"),
    ):
        found.setdefault(word, []).append(("S", adjective))
    return found


def _entries() -> dict[str, list[Entry]]:
    comparisons = {(operator, ""): phrases for operator, phrases in _COMPARISONS.items()}
    found = entries_of({**_PHRASES, "L": comparisons})
    for phrase, entries in _inflected().items():
        found.setdefault(phrase, []).extend(entries)
    for unit, texts in UNIT_WORDS.items():
        for word in texts.split():
            found.setdefault(word, []).append(("X", unit))
    for month, place in MONTHS.items():
        found.setdefault(month, []).insert(0, ("Y", place))
    for place, day in enumerate(day_name):
        for word in (day.lower(), f"{day.lower()}s"):
            found.setdefault(word, []).append(("i", (place,)))
    for word in ("weekend", "weekends", "the weekend"):
        found.setdefault(word, []).append(("i", (5, 6)))
    for word, number in NUMBERS.items():
        found.setdefault(word, []).append(("N", number))
    for place, word in enumerate(ORDINALS, 1):
        found.setdefault(word, []).append(("n", place))
    for phrase in ("how does", "how do", "how did", "how is", "how are", "came out", "come out"):
        found.setdefault(phrase, []).append((".", None))
    for phrase in ("ids of", "ids of the"):
        found.setdefault(phrase, []).append((".", None))
    for whole in ("dataset", "data set", "data", "table", "dataframe"):
        for article in ("the ", "this ", ""):
            found.setdefault(f"in {article}{whole}", []).append((".", None))
    for phrase in ("most often", "most frequently"):
        found.setdefault(phrase, []).append(("S", "frequent"))
    for phrase in ("more often", "more frequently"):
        found.setdefault(phrase, []).append(("a", "large"))
    for word in _FILLING | (FILLERS & _POLITE):
        found.setdefault(word, []).append((".", None))
    found["million"], found["thousand"] = [("X", "million")], [("X", "thousand")]
    return found


#: Every word and phrase with its parts of speech, the likeliest first.
LEXICON: Mapping[str, list[Entry]] = _entries()
LONGEST = max(len(phrase.split()) for phrase in LEXICON)
#: Words that are hardly ever names.
ARTICLES = BINDING - frozenset(words("row rows column columns cell cells variable variables frame frames each every"))
