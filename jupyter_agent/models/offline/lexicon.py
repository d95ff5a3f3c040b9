"""English words with a part to play in questions, so that names are not mistaken for them nor they for names."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """Words with spaces between them, as a list is easiest to read."""
    return tuple(text.split())


#: Never a name unless quoted: they hold a sentence together.
BINDING = frozenset(
    words(
        """a an the this that these those it its they them their there here i me my mine we us our you your is are was were be
        been being am do does did done has have had can could would should shall will may might must not no nor yes of in on
        at to from for with without by per and or but if then than as so such into onto about over under between within
        what which who whom whose where when why how all any both each every few more most less least much many some other
        another only just also too very please now again still yet let lets get got give gives make makes made want need
        like know see say tell ask think try use used using help think out up down off so ok okay hey hi hello thanks thank
        row rows column columns col cols variable variables cell cells notebook kernel dataframe dataframes frame frames
        vs versus don't doesn't isn't aren't what's it's that's there's where's"""
    )
)

#: A name only where a name is expected: they say what is wanted.
TELLING = frozenset(
    words(
        """show list print display describe explain inspect summarise summarize summary overview info statistics stats stat
        mean average avg median sum total totals max maximum min minimum std deviation variance var count counts number
        mode unique distinct different common frequent frequency frequencies value values type types kind dtype
        dtypes class shape dimension dimensions size sizes length len long big memory bytes megabytes head tail first last
        top bottom sample preview random largest smallest highest lowest biggest greatest best worst longest shortest latest
        newest oldest earliest sort sorted order ordered rank ranked ascending descending plot plots chart charts graph
        graphs histogram histograms hist bar bars line lines scatter scatterplot box boxplot pie heatmap draw visualise
        visualize visualisation visualization distribution distributions trend time over group grouped groupby aggregate
        aggregated pivot crosstab table tabulate merge join combine concat concatenate append correlation correlations
        correlate correlated relationship filter filtered where select subset drop remove delete rename change convert cast
        parse transform replace fill impute clean missing null nulls nan nans na none empty blank duplicate duplicates
        duplicated save write export store load read open import file files folder csv tsv parquet json excel error errors
        exception traceback fix bug debug wrong fail failed fails failing problem crash happened happen defined define
        definition created create origin assigned function functions signature argument arguments parameter parameters call
        module modules library libraries package packages imported imports code snippet write python pandas polars year
        years month months week weeks day days quarter quarters hour hours date dates yearly monthly weekly daily quarterly
        hourly annual annually today weekday range spread quantile percentile percent percentage share proportion ratio
        index key keys item items field fields attribute attributes element elements entry entries record records datetime
        names named name label labels title meaning mean means data dataset datasets text string strings numeric number
        numbers numerical categorical category categories level levels true false greater higher larger above below lower
        smaller fewer equal equals contain contains containing start starts end ends after before since until during add
        calculate compute computed find give result results output same different second third one two three four five
        six seven eight nine ten resample rolling cumulative outline outlier outliers normalise normalize scale model models train
        memory works work working anything something everything nothing thing things doing going look looks looking run
        running ran changed changes currently available exist exists existing possible different difference across compare
        comparison against highest occurrences occurs appear appears often usage far bit quick quickly simple possible
        object objects namespace exist actually really currently question answer correct right left inner outer full"""
    )
)

#: They ask politely, point at what there is, or fill: whatever is asked, they change nothing.
FILLERS = frozenset(
    words(
        """show list print display give find tell look looks looking compute calculate calculated result results output data dataset
        datasets table tables value values name names named called question answer actually really currently possible exactly quickly
        quick simple simply maybe perhaps basically pls plz hmm well right great nice good morning evening exist exists existing
        available anything something thing things work works working overall general generally kindly want wanted would love check
        view instead summarise summarize pandas polars python take particular detail details short brief analysis example instance
        reference case fact terms sense principle jupyter ipython matplotlib seaborn numpy report steps plain english words everyone
        everybody somebody sure certain context practice moment once glance screen hand one ones euro euros dollar dollars"""
    )
)

#: Short forms, written out.
CONTRACTIONS = {
    "what's": "what is", "whats": "what is", "where's": "where is", "wheres": "where is", "who's": "who is", "how's": "how is", "hows": "how is",
    "it's": "it is", "that's": "that is", "thats": "that is", "there's": "there is", "i'm": "i am", "i've": "i have", "let's": "let us",
    "don't": "do not", "dont": "do not", "doesn't": "does not", "doesnt": "does not", "isn't": "is not", "isnt": "is not", "aren't": "are not",
    "hasnt": "has not", "havent": "have not", "hadnt": "had not", "wasnt": "was not", "werent": "were not", "arent": "are not",
    "didn't": "did not", "didnt": "did not", "can't": "can not", "cant": "can not", "won't": "will not", "wasn't": "was not", "weren't": "were not",
}  # fmt: skip

#: Number words in "top three".
NUMBERS = {
    word: value
    for value, word in enumerate(words("zero one two three four five six seven eight nine ten eleven twelve"))
}

MONTHS = {
    name: place
    for place, name in enumerate(
        words("january february march april may june july august september october november december"), 1
    )
}
MONTHS |= {name[:3]: place for name, place in MONTHS.items()} | {"sept": 9}
