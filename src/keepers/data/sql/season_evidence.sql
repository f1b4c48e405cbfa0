-- Dates whose zone says summer or winter time out of season, under each order of day and month.
WITH zoned AS (
    SELECT t.first_part, t.second_part, t.n, coalesce(t.zone_word, d.zone) AS zone
    FROM {tokens} t JOIN {distinct} d USING (text) WHERE t.open_order
),
seasons AS (
    SELECT n, zone IN ({summer}) AS summer, zone IN ({winter}) AS winter,
           second_part * 100 + first_part AS dmy, first_part * 100 + second_part AS mdy
    FROM zoned
)
SELECT coalesce(sum(n) FILTER ((summer AND dmy NOT BETWEEN 308 AND 1107) OR (winter AND dmy BETWEEN 401 AND 1024)), 0),
       coalesce(sum(n) FILTER ((summer AND mdy NOT BETWEEN 308 AND 1107) OR (winter AND mdy BETWEEN 401 AND 1024)), 0)
FROM seasons
