-- What each column's filled cells look like; one row a column that has any.
WITH cells AS ({cells}),
-- Kept, so that the long expression of a text is planned once and not for every column and every use of it.
texts AS MATERIALIZED (SELECT c, {text} AS v FROM cells),
grouped AS (SELECT c, v, count(*) AS n FROM texts WHERE v IS NOT NULL GROUP BY c, v),
judged AS (
    SELECT c, v, n,
           regexp_matches(v, '{date}') AS is_date,
           regexp_matches(v, '{number}') AS is_number,
           regexp_matches(v, '{decimal}') AS is_decimal,
           regexp_matches(v, '{email}') AS is_email,
           regexp_matches(v, '\p{L}') AS has_letters,
           regexp_matches(v, '[0-9]') AS has_digits
    FROM grouped
)
SELECT c, sum(n), count(*), sum(n) FILTER (is_date), sum(n) FILTER (is_number), sum(n) FILTER (is_number AND is_decimal),
       sum(n) FILTER (is_email), sum(n) FILTER (upper(v) IN ({currencies})), sum(n) FILTER (lower(v) IN ({statuses})),
       sum(n) FILTER (has_letters), sum(n) FILTER (has_digits), sum(n * TRY_CAST(v AS DOUBLE)) / sum(n) FILTER (TRY_CAST(v AS DOUBLE) IS NOT NULL),
       sum(n * length(v)) / sum(n), sum(n) FILTER (contains(v, '.')),
       sum(n) FILTER (regexp_matches(v, '^-?[0-9]{1,3}([.][0-9]{3})+$')),
       sum(n) FILTER (regexp_matches(v, '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]$'))
FROM judged
GROUP BY c
