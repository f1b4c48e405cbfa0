-- Facts that another one replaces: the same order in a newer export, the same row in another file, the same row twice.
CREATE OR REPLACE TABLE {superseded} AS
WITH usable AS (SELECT * FROM {facts} WHERE missing IS NULL AND kind <> 'other'),
newest AS (
    SELECT fact_id, numbered,
           first_value(source_no) OVER (PARTITION BY system, payments, kind, order_id ORDER BY last_day DESC, source_no DESC) AS best
    FROM usable WHERE numbered
),
older AS (
    SELECT u.fact_id, 'the same order in a newer file' AS why FROM usable u JOIN newest n USING (fact_id) WHERE u.source_no <> n.best
),
repeated AS (
    SELECT fact_id, 'the same row in another file' AS why FROM (
        SELECT fact_id, row_number() OVER (PARTITION BY system, content, occurrence ORDER BY source_no) AS copy FROM usable WHERE NOT numbered)
    WHERE copy > 1
),
twice AS (
    SELECT u.fact_id, 'the same row twice in one file' AS why FROM usable u
    WHERE u.numbered AND u.occurrence > 1 AND u.line_count = 1 AND u.fact_id NOT IN (SELECT fact_id FROM older)
)
SELECT * FROM older UNION ALL SELECT * FROM repeated UNION ALL SELECT * FROM twice
