-- The feeling of each text, from -1 to 1, by the words of the language it is most likely in; empty where that is not known.
WITH said AS (
    SELECT
        text,
        regexp_extract_all(
            lower(strip_accents(replace(replace(text, chr(8217), ''''), chr(223), 'ss'))), '[\p{L}][\p{L}'']*'
        ) AS words
    FROM (SELECT DISTINCT text FROM {feedback} AS answer WHERE text IS NOT NULL) AS answers
),
spoken AS (
    SELECT text, unnest(words) AS word, generate_subscripts(words, 1) AS place FROM said
),
meaning AS (
    SELECT vocabulary.word, lexicon.language, lexicon.role, max(lexicon.score) AS score
    FROM (SELECT DISTINCT word FROM spoken) AS vocabulary
    INNER JOIN {lexicon} AS lexicon ON vocabulary.word = lexicon.word
        OR (lexicon.begins AND starts_with(vocabulary.word, lexicon.word))
    GROUP BY vocabulary.word, lexicon.language, lexicon.role
),
understood AS (
    SELECT spoken.text, spoken.place, meaning.language, meaning.role, meaning.score
    FROM spoken INNER JOIN meaning ON meaning.word = spoken.word
),
felt AS (
    SELECT
        one.text, one.language, one.place,
        one.score * CASE WHEN count(negation.place) > 0 THEN -0.7 ELSE 1.0 END AS score
    FROM understood AS one
    LEFT JOIN understood AS negation ON negation.text = one.text AND negation.language = one.language
        AND negation.role = 'negation' AND negation.place BETWEEN one.place - 3 AND one.place - 1
    WHERE one.role = 'feeling'
    GROUP BY one.text, one.language, one.place, one.score
),
by_language AS (
    SELECT
        understood.text, understood.language,
        count(DISTINCT understood.place) AS known,
        count(DISTINCT CASE WHEN understood.role = 'common' THEN understood.place END) AS common,
        max(feeling.words) AS words,
        max(feeling.score) AS score
    FROM understood
    LEFT JOIN (SELECT text, language, count(*) AS words, sum(score) AS score FROM felt GROUP BY text, language) AS feeling
        ON feeling.text = understood.text AND feeling.language = understood.language
    GROUP BY understood.text, understood.language
),
likely AS (
    SELECT *, max(known) OVER (PARTITION BY text) AS most FROM by_language
),
settled AS (
    SELECT
        text,
        max(words) AS words,
        max(common) AS common,
        min(sign(coalesce(score, 0))) = max(sign(coalesce(score, 0))) AS agreed,
        avg(score / (words + 1)) AS sentiment
    FROM likely
    WHERE known = most
    GROUP BY text
)
SELECT text, CASE WHEN NOT agreed THEN NULL WHEN words > 0 THEN sentiment WHEN common >= 2 THEN 0.0 END AS sentiment
FROM settled
