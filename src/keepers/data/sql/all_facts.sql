-- Every source's facts together, with a number each, the last day its source knows of, and how often the same row came.
WITH every AS ({union}),
spans AS (
    SELECT source_no, max(greatest(day, coalesce(voided_on, day), coalesce(refunded_on, day))) FILTER (NOT ({future})) AS last_day
    FROM every GROUP BY source_no
),
hashed AS (
    SELECT e.*, s.last_day,
           md5(concat_ws('|', system, CASE WHEN numbered THEN order_id ELSE '' END, kind, coalesce(customer_id, ''), coalesce(email, ''),
                         coalesce(phone, ''), coalesce(name, ''), occurred_at::VARCHAR, coalesce(amount, 0)::VARCHAR,
                         coalesce(gross, 0)::VARCHAR, coalesce(product, ''))) AS content
    FROM every e JOIN spans s USING (source_no)
)
SELECT row_number() OVER (ORDER BY source_no, row_number) AS fact_id,
       row_number() OVER (PARTITION BY source_no, content ORDER BY row_number) AS occurrence,
       CASE
           WHEN day IS NULL THEN 'no date'
           WHEN {future} THEN 'future'
           WHEN amount IS NULL AND {money} AND (kind = 'sale' OR kind = 'refund' AND reference IS NULL AND NOT same_order) THEN 'no amount'
       END AS missing,
       *
FROM hashed
