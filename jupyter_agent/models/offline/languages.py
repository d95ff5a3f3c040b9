"""The language of a question, by its script and small words, and that it is not understood, said in it."""

from __future__ import annotations

import re

from jupyter_agent.models.offline.lexicon import words

#: Words that are frequent in a language and are no English words.
_WORDS = {
    "de": "wie viele der die das und ist sind nicht ich ein eine welche welcher welches wo warum mit von für auf gibt es zeige zeig mir durchschnitt durchschnittliche pro gesamte anzahl mittelwert wird kann hier machen schiefgelaufen wieviel höchste größte kleinste summe über unter nach haben hat spalten zeilen bitte alle einen wurde wer mittlere",
    "fr": "le la les des est sont et combien quel quelle quels quelles pourquoi où avec pour dans par moyenne moyen nombre somme une du au aux qui montre moi plus ont ya il colonnes lignes afficher valeurs manquantes niveau",
    "es": "el los las es son y cuántos cuántas cuántas cuantos cuantas cuál cual qué que por para con en una del hay muestra promedio media suma más cómo dónde quién valores faltantes filas columnas mostrar",
    "pt": "o os as é são e quantos quantas qual quais que por para com em uma do da dos das há mostre média soma mais como onde quem não valores linhas colunas mostrar",
    "it": "il lo gli le di è sono e quanti quante quale quali che per con in una del della dei ci mostra media somma più come dove chi perché righe colonne mostrare valori",
    "nl": "het een en zijn hoeveel welke wat wie waar waarom met van voor op niet er toon gemiddelde som per ik rijen kolommen hebben heeft laat zien zijn",
    "pl": "ile jest są który która które dlaczego gdzie z dla nie pokaż średnia suma i kto jak wiersze kolumny wartości",
    "sv": "hur många är vilken vilket vilka varför var med och för inte visa medelvärde summa det rader kolumner finns",
    "tr": "kaç ne hangi neden nerede ile için değil göster ortalama toplam ve kim nasıl satır sütun",
}
_SCRIPTS = (("ja", "[\u3040-\u30ff]"), ("ko", "[\uac00-\ud7af]"), ("zh", "[\u4e00-\u9fff]"), ("ru", "[\u0400-\u04ff]"), ("ar", "[\u0600-\u06ff]"), ("hi", "[\u0900-\u097f]"), ("el", "[\u0370-\u03ff]"))  # fmt: skip
REFUSALS = {
    "de": "Ich verstehe nur Fragen auf Englisch. Bitte stelle die Frage auf Englisch, oder wähle mit `/model` ein Sprachmodell.",
    "fr": "Je ne comprends que les questions en anglais. Posez la question en anglais, ou choisissez un modèle de langue avec `/model`.",
    "es": "Solo entiendo preguntas en inglés, así que no puedo responder. Haz la pregunta en inglés o elige un modelo de lenguaje con `/model`.",
    "pt": "Só entendo perguntas em inglês. Faça a pergunta em inglês ou escolha um modelo de linguagem com `/model`.",
    "it": "Capisco solo domande in inglese. Fai la domanda in inglese o scegli un modello linguistico con `/model`.",
    "nl": "Ik begrijp alleen vragen in het Engels. Stel de vraag in het Engels, of kies met `/model` een taalmodel.",
    "pl": "Rozumiem tylko pytania po angielsku. Zadaj pytanie po angielsku albo wybierz model językowy poleceniem `/model`.",
    "sv": "Jag förstår bara frågor på engelska. Ställ frågan på engelska, eller välj en språkmodell med `/model`.",
    "tr": "Yalnızca İngilizce soruları anlıyorum. Soruyu İngilizce sorun veya `/model` ile bir dil modeli seçin.",
    "zh": "我只能理解英语问题。请用英语提问，或用 `/model` 选择一个语言模型。",
    "ja": "英語の質問しか理解できません。英語で質問するか、`/model` で言語モデルを選んでください。",
    "ko": "영어 질문만 이해할 수 있습니다. 영어로 질문하거나 `/model` 로 언어 모델을 선택하세요.",
    "ru": "Я понимаю вопросы только на английском. Задайте вопрос по-английски или выберите языковую модель командой `/model`.",
    "ar": "أفهم الأسئلة بالإنجليزية فقط. اطرح السؤال بالإنجليزية أو اختر نموذجًا لغويًا باستخدام `/model`.",
    "hi": "मैं केवल अंग्रेज़ी के प्रश्न समझता हूँ। प्रश्न अंग्रेज़ी में पूछें, या `/model` से भाषा मॉडल चुनें।",
    "el": "Καταλαβαίνω μόνο ερωτήσεις στα αγγλικά. Ρωτήστε στα αγγλικά ή επιλέξτε γλωσσικό μοντέλο με το `/model`.",
}
#: Of the words above, those that are English too, or names in code.
_ENGLISH = frozenset(
    words(
        "as do is in en e o y i z me per media con no for with que die man was wat war van op il la le max min var all der"
    )
)
#: Small words that stand in most English questions, and in few others.
_OF_ENGLISH = frozenset(words("the of what which how many are and to by between each from there does"))
_ACCENTED = re.compile(r"[àâäáãåæçèéêëìíîïñòóôöõøœùúûüÿßłśżźćńęąğış¿¡]", re.IGNORECASE)


def language_of(text: str) -> str | None:
    """The language that a question is written in; None for English, and where it cannot be told."""
    letters = sum(letter.isalpha() for letter in text)
    for language, script in _SCRIPTS:
        if letters and 2 * len(re.findall(script, text)) > letters * (0.4 if language == "ja" else 1):
            return language
    typed = set(re.findall(r"[^\W\d_]+", text.casefold()))
    counts = {language: sum(word in found for word in typed) for language, found in _VOCABULARY.items()}
    sure = {language: sum(word in found - _ENGLISH for word in typed) for language, found in _VOCABULARY.items()}
    best = max(counts, key=lambda language: (sure[language], counts[language]))
    needed = 1 if _ACCENTED.search(text) or len(typed) < 4 else 2
    return best if sure[best] and counts[best] >= max(needed, 1 + len(typed & _OF_ENGLISH)) else None


_VOCABULARY = {language: frozenset(words(listed)) for language, listed in _WORDS.items()}
