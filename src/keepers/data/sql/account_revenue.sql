-- What counted purchases were charged and what of it is tax, shipping and revenue, by currency.
SELECT coalesce(currency, 'unspecified'), count(*), coalesce(sum(coalesce(gross, amount)), 0),
       coalesce(sum(tax), 0), coalesce(sum(shipping), 0), coalesce(sum(amount), 0),
       count(*) FILTER (tax <> 0), count(*) FILTER (shipping <> 0),
       count(*) FILTER (tax > 0 AND coalesce(gross, 0) = amount + coalesce(shipping, 0)),
       coalesce(sum(tax) FILTER (tax > 0 AND coalesce(gross, 0) = amount + coalesce(shipping, 0)), 0)
FROM {facts}
WHERE destination = 'counted'
GROUP BY 1
ORDER BY 1
