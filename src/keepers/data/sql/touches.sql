-- Contacts with marketing that events tell of: those that carry a source, once a visitor, day and source.
SELECT md5(concat_ws('|', system, visitor_id, day, channel, medium, campaign)) AS event_id, source, NULL AS source_id, occurred_at,
       {received_at}::TIMESTAMP AS received_at, customer_key, day, visitor_id, channel, campaign, medium, {page} AS landing_page, NULL AS cost
FROM (
    SELECT system, source_name AS source, coalesce(visitor_id, customer_id) AS visitor_id, date AS day, channel, medium, campaign,
           min(date_utc) AS occurred_at, any_value(customer_key) AS customer_key,
           arg_min(coalesce(nullif(regexp_extract(landing_page, '"page_location".*?"string_value" *: *"([^"]*)"', 1), ''), landing_page), date_utc) AS page
    FROM {keyed}
    WHERE problem IS NULL AND date IS NOT NULL AND coalesce(channel, medium) IS NOT NULL
    GROUP BY ALL
)
