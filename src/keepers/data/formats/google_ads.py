"""Google Ads' campaign reports: title lines above, totals below, the currency in a column."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="google ads",
    label="Google Ads report",
    shape=Shape.SPEND,
    columns={
        "date": "Day, Date, Tag, Jour, Dag, Día, Dia, Giorno",
        "campaign": "Campaign, Campaign name, Kampagne, Campagne, Campaña, Campanha, Campagna",
        "currency": "Currency code, Currency, Währungscode, Code de devise, Valutacode, Código de moneda, Código da "
        "moeda",
        "spend": "Cost, Kosten, Coût, Coste, Custo, Costo",
        "impressions": "Impressions, Impr., Impressionen, Impr, Vertoningen, Impresiones, Impressões, Impressioni",
        "clicks": "Clicks, Klicks, Clics, Klikken, Cliques, Clic",
        "conversions": "Conversions, Conv., Conversies, Conversiones, Conversões, Conversioni",
        "conversion_value": "Conv. value, Conversion value, Conv.-Wert, Valeur conv., Conversiewaarde, Valor de conv.",
    },
    marks=("campaign", "currency", "spend", "clicks"),
    constants={"platform": "'google'"},
)
