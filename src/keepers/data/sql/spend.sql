-- Marketing spend by day, channel and campaign.
SELECT md5(concat_ws('|', {source}, coalesce(platform, ''), coalesce(campaign, ''), date, spend, impressions, clicks, _row)) AS event_id, {source} AS source, NULL AS source_id,
       date_utc AS occurred_at, {received_at}::TIMESTAMP AS received_at, date AS day, coalesce(platform, 'unknown') AS channel, campaign,
       spend AS amount, coalesce(currency, {currency}, 'unspecified') AS currency,
       impressions::BIGINT AS impressions, clicks::BIGINT AS clicks, conversions AS claimed_conversions, conversion_value AS claimed_value
FROM {stage}
WHERE problem IS NULL AND date IS NOT NULL AND spend IS NOT NULL
