-- What visitors did: one row an event that is no purchase.
SELECT * REPLACE ({page} AS page) FROM (
    SELECT md5(concat_ws('|', system, coalesce(visitor_id, customer_id), date_utc, type, _row)) AS event_id, source_name AS source, NULL AS source_id,
           date_utc AS occurred_at, {received_at}::TIMESTAMP AS received_at, customer_key, date AS day,
           coalesce(visitor_id, customer_id, 'unknown') AS visitor_id,
           coalesce(nullif(regexp_extract(landing_page, '"page_location".*?"string_value" *: *"([^"]*)"', 1), ''), landing_page, '') AS page,
           CASE WHEN channel IS NULL THEN NULL ELSE concat_ws(' / ', channel, medium) END AS channel, category AS device, {converted} AS converted
    FROM {keyed}
    WHERE problem IS NULL AND date IS NOT NULL
)
