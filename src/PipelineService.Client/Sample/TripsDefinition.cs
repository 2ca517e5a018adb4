using System.Text.Json.Nodes;

namespace PipelineService.Client.Sample;

/// <summary>The columns of a trip, in the order of the file.</summary>
internal enum TripColumn
{
    TripId,
    Vendor,
    PickupAt,
    DropoffAt,
    Passengers,
    DistanceKm,
    Fare,
    Tip,
    Paid,
    ServiceDate,
    Note,
}

/// <summary>The dataset definition that goes with the trips: 11 columns of mixed types, constraints on four of them.</summary>
internal static class TripsDefinition
{
    public const int PassengersMax = 8;
    public const int NoteLengthMax = 200;

    private static readonly string[] ColumnNames =
    [
        "trip_id", "vendor", "pickup_at", "dropoff_at", "passengers", "distance_km", "fare", "tip", "paid",
        "service_date", "note",
    ];

    private static readonly string[] Vendors = ["acme", "blitz", "citycab", "dorado", "eastline", "fleetly"];

    private static readonly byte[][] VendorBytes = [.. Vendors.Select(System.Text.Encoding.UTF8.GetBytes)];

    public static int VendorCount => Vendors.Length;

    /// <summary>The names of the columns, in the order of the file.</summary>
    public static ReadOnlySpan<string> Columns => ColumnNames;

    public static string NameOf(TripColumn column) => ColumnNames[(int)column];

    public static ReadOnlySpan<byte> VendorText(int vendor) => VendorBytes[vendor];

    /// <summary>The definition, ready to be sent.</summary>
    /// <param name="table">Where the rows go, schema included.</param>
    /// <param name="commit"><c>job</c> or <c>chunk</c>.</param>
    /// <param name="lineage">Whether rows carry the job and record that they came from.</param>
    /// <param name="hasKey">Whether trip_id is the primary key.</param>
    public static JsonObject Create(string table, string commit = "job", bool lineage = true, bool hasKey = false)
    {
        var schema = new JsonObject { ["fields"] = Fields() };
        if (hasKey)
        {
            schema["primaryKey"] = new JsonArray(NameOf(TripColumn.TripId));
        }

        return new JsonObject
        {
            ["title"] = "Taxi trips",
            ["format"] = "csv",
            ["schema"] = schema,
            ["load"] = new JsonObject { ["table"] = table, ["commit"] = commit, ["lineage"] = lineage },
        };
    }

    private static JsonArray Fields() =>
    [
        Field(TripColumn.TripId, "integer", constraints: new JsonObject { ["required"] = true }),
        Field(TripColumn.Vendor, "string", constraints: new JsonObject
        {
            ["enum"] = new JsonArray([.. Vendors.Select(v => (JsonNode)v)]),
        }),
        Field(TripColumn.PickupAt, "datetime"),
        Field(TripColumn.DropoffAt, "datetime"),
        Field(TripColumn.Passengers, "integer", "integer", new JsonObject
        {
            ["minimum"] = 1,
            ["maximum"] = PassengersMax,
        }),
        Field(TripColumn.DistanceKm, "number", "double precision"),
        Field(TripColumn.Fare, "number", "numeric(10,2)", new JsonObject { ["minimum"] = 0 }),
        Field(TripColumn.Tip, "number"),
        Field(TripColumn.Paid, "boolean"),
        Field(TripColumn.ServiceDate, "date"),
        Field(TripColumn.Note, "string", constraints: new JsonObject { ["maxLength"] = NoteLengthMax }),
    ];

    private static JsonObject Field(
        TripColumn column, string type, string? sqlType = null, JsonObject? constraints = null)
    {
        var field = new JsonObject { ["name"] = NameOf(column), ["type"] = type };
        if (sqlType is not null)
        {
            field["sqlType"] = sqlType;
        }

        if (constraints is not null)
        {
            field["constraints"] = constraints;
        }

        return field;
    }
}
