-- Everything that was paid to win customers, one row a channel, campaign, kind of cost and day, within the days of orders.
SELECT channel, campaign, day, kind, cost, impressions, clicks, claimed_conversions, claimed_value
FROM (
    SELECT
        spend.channel,
        spend.campaign,
        spend.day,
        'spend' AS kind,
        CAST(spend.amount AS DOUBLE) * {rate} AS cost,
        CAST(spend.impressions AS DOUBLE) AS impressions,
        CAST(spend.clicks AS DOUBLE) AS clicks,
        spend.claimed_conversions,
        CAST(spend.claimed_value AS DOUBLE) * {rate} AS claimed_value
    FROM {spend} AS spend
    UNION ALL
    -- Contacts that carry their own cost, of channels of which no account of spend is there.
    SELECT touch.channel, touch.campaign, touch.day, 'touches', CAST(touch.cost AS DOUBLE), NULL, NULL, NULL, NULL
    FROM {touches} AS touch
    WHERE touch.cost > 0 AND touch.channel NOT IN (SELECT channel FROM {spend} AS spend WHERE channel IS NOT NULL)
    UNION ALL
    -- What was given for bringing a customer.
    SELECT origin.channel, origin.campaign, origin.first_day, 'referrals', CAST(referral.incentive_cost AS DOUBLE), NULL, NULL, NULL, NULL
    FROM {referrals} AS referral
    INNER JOIN {origins} AS origin ON origin.customer_key = referral.customer_key
    WHERE referral.incentive_cost > 0
) AS paid
WHERE channel IS NOT NULL AND day BETWEEN DATE '{first}' AND DATE '{last}'
