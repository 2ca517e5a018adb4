using System.Text.Json;
using Microsoft.Extensions.Options;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Lookups;
using PipelineService.Datasets.Enrich;

namespace PipelineService.Tests.Datasets.Enrich;

/// <summary>What a definition may say of services, and what it is told when it says something else.</summary>
public sealed class HttpDefinitionTests
{
    private static readonly ServiceRules Rules = new(Options.Create(new EnrichOptions
    {
        Services =
        {
            ["geo"] = new ServiceOptions { Url = new Uri("http://geo/") },
            ["one"] = new ServiceOptions { Url = new Uri("http://one/{ip}/{port}"), Mode = ServiceMode.Get },
        },
    }));

    [Theory]
    [InlineData("""{ "op": "http", "inputs": { "ip": "ip" }, "set": { "city": "/city" } }""", "/transforms/0/service: Is missing")]
    [InlineData("""{ "op": "http", "service": "gEo", "inputs": { "ip": "ip" }, "set": { "city": "/city" } }""",
        "/transforms/0/service: There is no service \"gEo\"*Did you mean \"geo\"?")]
    [InlineData("""{ "op": "http", "service": "geo", "inputs": {}, "set": { "city": "/city" } }""", "/transforms/0/inputs: Must not be empty")]
    [InlineData("""{ "op": "http", "service": "geo", "inputs": { "ip": "i*" }, "set": { "city": "/city" } }""", "/transforms/0/inputs/ip: Must be the name of one field")]
    [InlineData("""{ "op": "http", "service": "geo", "inputs": { "ip": "pi" }, "set": { "city": "/city" } }""", "/transforms/0/inputs/ip: \"pi\" is not the name of a field here*\"ip\"?")]
    [InlineData("""{ "op": "http", "service": "geo", "inputs": { "at": "at" }, "set": { "city": "/city" } }""", "/transforms/0/inputs/at: \"at\" is of type time*cannot be sent")]
    [InlineData("""{ "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "at": "/at" } }""", "/transforms/0/set/at: \"at\" is of type time*cannot take an answer")]
    [InlineData("""{ "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "city": "/a~2" } }""", "/transforms/0/set/city: \"/a~2\" has a ~")]
    [InlineData("""{ "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "city": "/c" }, "missing": "keep" }""", "/transforms/0/set/city: Nothing gives \"city\" a value before")]
    [InlineData("""{ "op": "http", "service": "geo", "url": "http://x", "inputs": { "ip": "ip" }, "set": { "city": "/c" } }""", "/transforms/0/url: *never stands in a definition")]
    [InlineData("""{ "op": "http", "service": "one", "inputs": { "ip": "ip" }, "set": { "city": "/c" } }""", "/transforms/0/inputs: Lacks \"port\"")]
    [InlineData("""{ "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "city": "/c" }, "unavailable": "skip" }""", "/transforms/0/unavailable: *wait")]
    [InlineData("""{ "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "ip": "/c" }, "unavailable": "null" }""", "/transforms/0/unavailable: \"ip\" is what the service is asked by")]
    [InlineData("""{ "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "must": "/c" }, "unavailable": "null" }""", "/transforms/0/unavailable: \"must\" is required")]
    [InlineData("""{ "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "city": "/c" }, "unavailable": "null" }, { "op": "filter", "expression": "city = 'x'" }""",
        "/transforms/0/unavailable: op 1 (filter) works on \"city\"")]
    [InlineData("""{ "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "city": "/c" }, "unavailable": "null" }, { "op": "hash", "fields": ["ip"], "algorithm": "sha256" }""",
        "/transforms/0/unavailable: op 1 (hash) changes \"ip\"")]
    [InlineData("""{ "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "city": "/c" }, "unavailable": "null" }, { "op": "derive", "field": "city", "expression": "'x'" }""",
        "/transforms/0/unavailable: op 1 (derive) gives \"city\" a value as well")]
    public void Faults_are_told_where_they_are(string ops, string fault)
    {
        string[] faults = FaultsOf(ops);

        string[] parts = fault.Split('*');
        Assert.Contains(faults, found => found.StartsWith(parts[0], StringComparison.Ordinal)
            && parts[1..].All(part => found.Contains(part, StringComparison.Ordinal)));
    }

    [Fact]
    public void Gaps_need_rows_that_can_be_found()
    {
        const string Ops = """{ "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "city": "/c" }, "unavailable": "null" }""";

        Assert.Empty(FaultsOf(Ops));
        Assert.Contains("load.lineage is false", Assert.Single(FaultsOf(Ops, """, "load": { "lineage": false }""")), StringComparison.Ordinal);
        Assert.Contains(
            "Rows that others look up are copied",
            Assert.Single(FaultsOf(Ops, """, "load": { "mode": "replace" }, "lookup": { "key": ["ip"] }""", """, "primaryKey": ["ip"]""")),
            StringComparison.Ordinal);
    }

    /// <summary>Tests of a definition ask nobody: they say what is answered.</summary>
    [Fact]
    public void Faultless_ones_are_written_as_they_were_read()
    {
        const string Op = """
            { "op": "http", "service": "geo", "inputs": { "ip": "ip", "n": "n" }, "set": { "city": "/city", "lat": "geo.lat", "all": "" },
              "into": [ { "name": "lat", "type": "number" }, { "name": "all", "type": "object" } ], "missing": "null", "unavailable": "wait",
              "onError": "null", "pii": true }
            """;
        DefinitionFaults faults = new();
        var read = DefinitionReader.Read(JsonElement.Parse(Definition(Op)), "t", LookupSources.None, faults);

        Assert.Empty(faults.ToErrors());
        string written = JsonSerializer.Serialize(
            DefinitionWriter.ToDocument(read!).Transforms![0], PipelineService.Hosting.Http.PipelineJson.Options);
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(Op), JsonElement.Parse(written)), written);
    }

    private static string Definition(string ops, string rest = "", string schema = "") => $$"""
        { "schema": { "fields": [
            { "name": "ip", "type": "string" }, { "name": "n", "type": "integer" }, { "name": "at", "type": "time" },
            { "name": "must", "type": "string", "constraints": { "required": true } } ]{{schema}} },
          "transforms": [ {{ops}} ]{{rest}} }
        """;

    private static string[] FaultsOf(string ops, string rest = "", string schema = "")
    {
        DefinitionFaults faults = new();
        var read = DefinitionReader.Read(JsonElement.Parse(Definition(ops, rest, schema)), "t", LookupSources.None, faults);
        IReadOnlyDictionary<string, string[]> errors = faults.ToErrors();
        return
        [
            .. (errors.Count > 0 ? errors : Rules.FaultsOf(read!)).SelectMany(fault => fault.Value.Select(sentence => $"{fault.Key}: {sentence}")),
        ];
    }
}
