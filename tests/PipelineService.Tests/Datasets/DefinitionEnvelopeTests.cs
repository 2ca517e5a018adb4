using System.Text.Json;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Lookups;

namespace PipelineService.Tests.Datasets;

/// <summary>What GET answered can be PUT back, and what stands in the wrong place is refused.</summary>
public sealed class DefinitionEnvelopeTests
{
    private const string Schema = "'schema': { 'fields': [ { 'name': 'a', 'type': 'integer' } ] }";

    [Theory]
    [InlineData($"{{ {Schema} }}", null, "")]
    [InlineData($"{{ 'name': 'trips', {Schema} }}", null, "")]
    [InlineData($"{{ 'definition': {{ {Schema} }} }}", null, "/definition")]
    [InlineData(
        $"{{ 'name': 'trips', 'version': 3, 'createdAt': 'x', 'updatedAt': 'y', 'links': {{}}, 'warnings': {{}}, 'definition': {{ {Schema} }} }}",
        3, "/definition")]
    public void Takes_a_definition_alone_and_one_in_an_answer(string body, int? version, string pointer)
    {
        Declaration read = Read(body, out IReadOnlyDictionary<string, string[]> errors);

        Assert.Empty(errors);
        Assert.Equal((version, pointer), (read.Version, read.Pointer));
        Assert.Equal("a", Assert.Single(read.Definition!.Schema.Fields).Name);
    }

    [Theory]
    [InlineData($"{{ 'name': 'other', {Schema} }}", "/name")]
    [InlineData($"{{ 'name': 5, {Schema} }}", "/name")]
    [InlineData($"{{ 'name': 'other', 'definition': {{ {Schema} }} }}", "/name")]
    [InlineData($"{{ 'version': 'x', 'definition': {{ {Schema} }} }}", "/version")]
    [InlineData($"{{ 'titel': 'x', 'definition': {{ {Schema} }} }}", "/titel")]
    [InlineData("{ 'definition': { 'schema': { 'fields': [ { 'name': 'a', 'type': 'x' } ] } } }", "/definition/schema/fields/0/type")]
    [InlineData("{ 'definition': {} }", "/definition/schema")]
    [InlineData($"{{ 'definition': {{ {Schema} }}, {Schema} }}", "/definition")]
    [InlineData("{ 'definition': 5 }", "/schema", "/definition")]
    public void Names_faults_by_their_place_in_the_body(string body, params string[] pointers)
    {
        _ = Read(body, out IReadOnlyDictionary<string, string[]> errors);

        Assert.Equal(pointers, errors.Keys);
    }

    [Fact]
    public void A_name_that_is_not_the_address_is_told_where_it_belongs()
    {
        _ = Read($"{{ 'name': 'other', {Schema} }}", out IReadOnlyDictionary<string, string[]> errors);

        Assert.Equal(
            ["Is \"other\", and the address says \"trips\": leave it out, or PUT it to /v1/datasets/other."], errors["/name"]);
    }

    private static Declaration Read(string body, out IReadOnlyDictionary<string, string[]> errors)
    {
        using var json = JsonDocument.Parse(DefinitionText.Bytes(body));
        return DefinitionEnvelope.Read(json.RootElement, DefinitionText.Dataset, LookupSources.None, out errors);
    }
}
