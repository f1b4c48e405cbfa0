-- Sums by channel as an analytics program reports them.
SELECT {source} AS source, channel, date AS day, sessions, conversions, conversion_value AS revenue FROM {stage} WHERE channel IS NOT NULL
