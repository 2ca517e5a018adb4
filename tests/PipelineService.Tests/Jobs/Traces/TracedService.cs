using System.Net;
using System.Text.Json;
using PipelineService.Jobs.Traces;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Jobs.Traces;

/// <summary>A service that keeps uploads and has everything that ops can ask: a lookup, a model and a service over HTTP.</summary>
public sealed class TracedService(PostgresServer server) : LoadingService(server)
{
    /// <summary>Fields of what is declared with every op.</summary>
    public const string Fields = """
        { "name": "id", "type": "integer", "constraints": { "required": true } }, { "name": "name" },
        { "name": "city", "constraints": { "enum": ["Queens", "BRONX"] } },
        { "name": "fare", "type": "number", "sqlType": "numeric(8,2)", "constraints": { "minimum": 0 } },
        { "name": "day", "type": "date" }, { "name": "zone", "type": "integer" }, { "name": "ip" }, { "name": "code" }, { "name": "note" },
        { "name": "extra" }, { "name": "mail" }
        """;

    /// <summary>Every op, mostly in an order in which each sees what another has left.</summary>
    public const string Transforms = """
        { "op": "trim", "fields": ["*"] }, { "op": "collapse_whitespace", "fields": ["name"] }, { "op": "upper", "fields": ["city"] },
        { "op": "map", "fields": ["city"], "table": { "QN": "Queens" } }, { "op": "lower", "fields": ["ip"] },
        { "op": "replace", "fields": ["name"], "text": ",", "with": "." }, { "op": "replace", "fields": ["code"], "pattern": "[^0-9]", "with": "" },
        { "op": "null_if", "fields": ["note"], "values": ["-"] }, { "op": "default", "fields": ["note"], "value": "none" },
        { "op": "truncate", "fields": ["name"], "length": 12 }, { "op": "pad", "fields": ["code"], "length": 5, "character": "0" },
        { "op": "parse_date", "fields": ["day"], "formats": ["%d/%m/%Y"] },
        { "op": "date_part", "field": "day", "part": "month", "into": "month" },
        { "op": "split", "field": "name", "separator": " ", "into": ["first", "last"] },
        { "op": "concat", "fields": ["last", "city"], "separator": ", ", "field": "label" },
        { "op": "flatten", "field": "extra", "into": ["extra_a"] },
        { "op": "derive", "field": "cents", "type": "integer", "expression": "cast(fare * 100 as integer)" },
        { "op": "filter", "name": "paid", "expression": "fare <> 7" },
        { "op": "require", "expression": "zone <> 13 or zone is null", "code": "unlucky" },
        { "op": "lookup", "from": "traced_zones", "match": { "id": "zone" }, "set": { "borough": "borough" }, "missing": "null" },
        { "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "town": "/city", "lat": "/geo/lat" },
          "into": [ { "name": "lat", "type": "number", "sqlType": "numeric(6,2)" } ], "missing": "null" },
        { "op": "score", "model": "traced", "inputs": { "amount": "fare" }, "set": { "risk": "y" } },
        { "op": "derive", "field": "place", "type": "string", "expression": "town || \u0027 \u0027 || coalesce(borough, \u0027?\u0027)" },
        { "op": "hash", "fields": ["code"], "algorithm": "sha256" }, { "op": "mask", "fields": ["note"], "keepFirst": 1 },
        { "op": "redact", "fields": ["mail"], "with": "gone", "pii": true }
        """;

    internal StubService Stub { get; } = new(ServiceProcess.FreePort());

    protected override IEnumerable<(string Key, string? Value)> Settings =>
        [("Spool:ChunkBytes", "32768"), ("Enrich:Services:geo:Url", Stub.Address), ("Enrich:Services:geo:PerSecond", "1000")];

    protected override async Task PrepareAsync()
    {
        await Api.DeclareAsync("traced_zones", """
            { "schema": { "fields": [{ "name": "id", "type": "integer" }, { "name": "borough" }], "primaryKey": "id" },
              "load": { "mode": "replace" }, "lookup": { "key": ["id"] } }
            """);
        await Api.LoadAsync("traced_zones", "id,borough\n1,Bronx\n2,Queens\n3,Kings\n");
        using ByteArrayContent model = new(OnnxWriter.Linear(0.5f, [0.25f], ("feature_names", "amount")));
        Assert.Equal(HttpStatusCode.Created, (await Api.PutAsync("/v1/models/traced", model)).Status);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Stub.DisposeAsync();
    }

    public async Task<RecordTraceView> TraceAsync(Guid job, long record)
    {
        ApiAnswer answer = await Api.GetAsync($"/v1/jobs/{job}/records/{record}");
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        return answer.Read<RecordTraceView>();
    }

    /// <summary>Records of every kind: loaded, left out, and rejected by a rule, a type, a condition, a service and a key.</summary>
    internal static IEnumerable<Dictionary<string, string?>> Records(int count) => Enumerable.Range(1, count).Select(i => new Dictionary<string, string?>
    {
        ["id"] = i % 53 == 0 ? "1" : $"{i}",
        ["name"] = $" First{i},  Last \"{i}\" ",
        ["city"] = i % 3 == 0 ? "qn" : i % 71 == 0 ? "Boston" : "bronx",
        ["fare"] = i % 11 == 0 ? "-1" : i % 13 == 0 ? "7" : i % 17 == 0 ? "abc" : $"{i}.50",
        ["day"] = i % 61 == 0 ? null : $"{(i % 28) + 1:00}/{(i % 12) + 1:00}/2026",
        ["zone"] = i % 97 == 0 ? "13" : i % 5 == 0 ? null : $"{(i % 4) + 1}",
        ["ip"] = i % 19 == 0 ? "faulty" : i % 23 == 0 ? "unknown" : $"IP{i % 40}",
        ["code"] = $"c-{i % 1000}",
        ["note"] = i % 2 == 0 ? "-" : "a note, with a comma",
        ["extra"] = JsonSerializer.Serialize(new { a = $"x{i}", b = 1 }),
        ["mail"] = $"secret{i}@example.com",
    });
}
