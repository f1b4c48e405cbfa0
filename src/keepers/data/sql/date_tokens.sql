-- Take distinct date texts apart into numbers, month words, time of day and offset; nothing is decided yet.
WITH cleaned AS (
    SELECT text, n, first_row,
           upper(strip_accents(trim(replace(replace(ltrim(text, ''''), chr(160), ' '), chr(8239), ' ')))) AS s
    FROM {distinct}
),
zoned AS (
    SELECT *,
           regexp_extract(s, '(?::[0-9]{2}(?:[.,][0-9]+)?|T[0-9]{6})\s*(?:AM|PM)?\s*(?:UTC|GMT)?\s*([+-][0-9]{2}(?::?[0-9]{2})?)\s*(?:\(.*\))?$', 1) AS offset_text,
           regexp_extract(s, '[0-9AP]M?\s*\(?([A-Z]{1,5})\)?$', 1) AS last_word
    FROM cleaned
),
bodies AS (
    SELECT *,
           CASE WHEN offset_text = '' THEN s
                ELSE regexp_replace(s, '\s*(?:UTC|GMT)?\s*[+-][0-9]{2}(?::?[0-9]{2})?\s*(?:\(.*\))?$', '') END AS body
    FROM zoned
),
numbered AS (
    SELECT *,
           regexp_extract_all(body, '[0-9]+') AS t,
           list_filter(list_transform(regexp_extract_all(body, '[A-Z]{3,}'), lambda w: {months}[w]), lambda m: m IS NOT NULL) AS month_words,
           regexp_matches(body, '[0-9]\s*P\.?\s?M\b') AS pm,
           regexp_matches(body, '[0-9]\s*A\.?\s?M\b') AS am
    FROM bodies
),
kinds AS (
    SELECT *,
           CASE
               WHEN len(t) >= 2 AND len(month_words) >= 1 THEN 'word'
               WHEN len(t) >= 3 AND length(t[1]) = 4 THEN 'ymd'
               WHEN len(t) >= 3 AND length(t[1]) <= 2 AND length(t[2]) <= 2 AND length(t[3]) IN (2, 4)
                   THEN CASE WHEN t[1]::INT > 31 THEN 'ymd' ELSE 'xyz' END
               WHEN length(t[1]) = 8 THEN CASE WHEN substr(t[1], 1, 2) IN ('19', '20', '21') AND substr(t[1], 5, 2)::INT BETWEEN 1 AND 12 THEN 'compact' ELSE 'compact_xyz' END
               WHEN length(t[1]) IN (12, 14) AND len(t) <= 2 THEN 'compact'
               WHEN len(t) = 1 AND length(t[1]) IN (10, 13, 16) THEN 'epoch'
               WHEN len(t) <= 2 AND length(t[1]) = 5 AND regexp_full_match(body, '[0-9]{5}([.,][0-9]+)?') THEN 'serial'
               WHEN len(t) = 1 AND length(t[1]) = 6 THEN 'short'
               ELSE 'none'
           END AS kind
    FROM numbered
),
parts AS (
    SELECT *,
           CASE kind
               WHEN 'word' THEN [CASE WHEN length(t[1]) = 4 THEN t[1] ELSE t[2] END, month_words[-1]::VARCHAR, CASE WHEN length(t[1]) = 4 THEN t[2] ELSE t[1] END]
               WHEN 'ymd' THEN [t[1], t[2], t[3]]
               WHEN 'xyz' THEN [t[3], t[1], t[2]]
               WHEN 'compact' THEN [substr(t[1], 1, 4), substr(t[1], 5, 2), substr(t[1], 7, 2)]
               WHEN 'compact_xyz' THEN [substr(t[1], 5, 4), substr(t[1], 1, 2), substr(t[1], 3, 2)]
               WHEN 'short' THEN [substr(t[1], 1, 2), substr(t[1], 3, 2), substr(t[1], 5, 2)]
           END AS p,
           CASE kind
               WHEN 'word' THEN t[3:]
               WHEN 'ymd' THEN t[4:]
               WHEN 'xyz' THEN t[4:]
               WHEN 'compact' THEN CASE WHEN length(t[1]) > 8 THEN [substr(t[1], 9)] ELSE t[2:] END
               WHEN 'compact_xyz' THEN t[2:]
           END AS clock
    FROM kinds
),
times AS (
    SELECT *,
           CASE WHEN length(p[1]) = 2 THEN CASE WHEN p[1]::INT < 70 THEN 2000 ELSE 1900 END + p[1]::INT ELSE p[1]::INT END AS year,
           p[2]::INT AS first_part,
           p[3]::INT AS second_part,
           CASE WHEN length(clock[1]) IN (4, 6) THEN [substr(clock[1], 1, 2), substr(clock[1], 3, 2), nullif(substr(clock[1], 5, 2), '')] ELSE clock END AS c
    FROM parts
)
SELECT text, n, first_row, kind,
       kind IN ('xyz', 'compact_xyz') AS open_order,
       year, first_part, second_part,
       TRY_CAST(coalesce(c[1], '0') AS INT) % 12 * (pm OR am)::INT + TRY_CAST(coalesce(c[1], '0') AS INT) * (NOT (pm OR am))::INT + 12 * pm::INT AS hour,
       TRY_CAST(coalesce(c[2], '0') AS INT) AS minute,
       TRY_CAST(coalesce(c[3], '0') AS INT) AS second,
       CASE WHEN length(c[4]) > 0 THEN TRY_CAST('0.' || c[4] AS DOUBLE) ELSE 0 END AS fraction,
       CASE kind
           WHEN 'epoch' THEN make_timestamp(t[1]::BIGINT * CASE length(t[1]) WHEN 10 THEN 1000000 WHEN 13 THEN 1000 ELSE 1 END)
           WHEN 'serial' THEN TIMESTAMP '1899-12-30' + to_seconds(round(replace(body, ',', '.')::DOUBLE * 86400)::BIGINT)
       END AS direct,
       CASE
           WHEN kind = 'epoch' THEN 0
           WHEN offset_text <> '' THEN
               CASE WHEN starts_with(offset_text, '-') THEN -1 ELSE 1 END
               * (substr(offset_text, 2, 2)::INT * 60 + coalesce(TRY_CAST(nullif(right(replace(offset_text, ':', ''), 2), '') AS INT), 0) * (length(replace(offset_text, ':', '')) = 5)::INT)
           ELSE {zones}[last_word]
       END AS offset_minutes,
       CASE WHEN offset_text = '' AND {zones}[last_word] IS NOT NULL THEN last_word END AS zone_word
FROM times
