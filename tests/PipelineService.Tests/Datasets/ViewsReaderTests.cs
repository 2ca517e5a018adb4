using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Tests.Datasets;

/// <summary>What a definition may say of views, and what it is told when it says something else.</summary>
public sealed class ViewsReaderTests
{
    private const string Good = "'groupBy': ['note'], 'measures': { 'n': 'count' }";

    [Fact]
    public void All_that_can_be_said_is_read_and_written_back()
    {
        DatasetDefinition definition = DefinitionText.Read(With("""
            { 'name': 'v', 'groupBy': [ { 'field': 'at', 'every': 'PT90S' }, 'note', { 'field': 'day' } ],
              'measures': { 'z': 'avg amount', 'n': 'count', 'k': 'count mail', 's': 'sum amount', 'a': 'min day', 'b': 'max weight' } }
            """));

        ViewDefinition view = Assert.Single(definition.Views);
        Assert.Equal([new("at", TimeSpan.FromSeconds(90)), new("note", null), new("day", null)], view.Keys);
        Assert.Equal(["a", "b", "k", "n", "s", "z"], view.Measures.Select(measure => measure.Name));
        Assert.Equal(
            [
                new("day", false, false, true, false), new("weight", false, false, false, true), new("mail", true, false, false, false),
                new("amount", true, true, false, false),
            ],
            view.Parts);
        Assert.Equal(view, Assert.Single(DefinitionText.Read(DefinitionWriter.Write(definition)).Views));
    }

    [Theory]
    [InlineData("7", "/views/0: Must be an object")]
    [InlineData($"{{ {Good} }}", "/views/0/name: Is missing")]
    [InlineData($"{{ 'name': 'V', {Good} }}", "/views/0/name: \"V\" does not match")]
    [InlineData($"{{ 'name': 'v', {Good}, 'every': 'PT1M' }}", "/views/0/every: \"every\" is not a known property")]
    [InlineData($"{{ 'name': 'v', {Good} }}, {{ 'name': 'v', {Good} }}", "/views: Several views are called \"v\"")]
    [InlineData("{ 'name': 'v', 'measures': { 'n': 'count' } }", "/views/0/groupBy: Is missing")]
    [InlineData("{ 'name': 'v', 'groupBy': [], 'measures': { 'n': 'count' } }", "/views/0/groupBy: Must have 1 to 8")]
    [InlineData("{ 'name': 'v', 'groupBy': ['note', 'note'], 'measures': { 'n': 'count' } }", "/views/0/groupBy: \"note\" stands there twice")]
    [InlineData("{ 'name': 'v', 'groupBy': ['nota'], 'measures': { 'n': 'count' } }", "/views/0/groupBy/0: \"nota\" is not the name of a field*note")]
    [InlineData("{ 'name': 'v', 'groupBy': ['weight'], 'measures': { 'n': 'count' } }", "/views/0/groupBy/0: Rows cannot be told apart by")]
    [InlineData("{ 'name': 'v', 'groupBy': ['mail'], 'measures': { 'n': 'count' } }", "/views/0/groupBy/0: \"mail\" holds personal data")]
    [InlineData("{ 'name': 'v', 'groupBy': [{ 'field': 'note', 'every': 'PT1M' }], 'measures': { 'n': 'count' } }", "/views/0/groupBy/0/field: Only times")]
    [InlineData("{ 'name': 'v', 'groupBy': [{ 'field': 'day', 'every': 'PT1H' }], 'measures': { 'n': 'count' } }", "/views/0/groupBy/0/field: Dates are")]
    [InlineData("{ 'name': 'v', 'groupBy': [{ 'field': 'at', 'every': 'PT0S' }], 'measures': { 'n': 'count' } }", "/views/0/groupBy/0/every: Must be an ISO")]
    [InlineData("{ 'name': 'v', 'groupBy': [{ 'every': 'PT1M' }], 'measures': { 'n': 'count' } }", "/views/0/groupBy/0/field: Is missing")]
    [InlineData("{ 'name': 'v', 'groupBy': ['note'] }", "/views/0/measures: Is missing")]
    [InlineData("{ 'name': 'v', 'groupBy': ['note'], 'measures': {} }", "/views/0/measures: Must have 1 to 16")]
    [InlineData("{ 'name': 'v', 'groupBy': ['note'], 'measures': { 'n': 1 } }", "/views/0/measures/n: Must be a text")]
    [InlineData("{ 'name': 'v', 'groupBy': ['note'], 'measures': { 'n': 'sum' } }", "/views/0/measures/n: \"sum\" is no measure")]
    [InlineData("{ 'name': 'v', 'groupBy': ['note'], 'measures': { 'n': 'median amount' } }", "/views/0/measures/n: \"median amount\" is no")]
    [InlineData("{ 'name': 'v', 'groupBy': ['note'], 'measures': { 'note': 'count' } }", "/views/0/measures/note: A group is told by this name")]
    [InlineData("{ 'name': 'v', 'groupBy': ['note'], 'measures': { 'n': 'sum weight' } }", "/views/0/measures/n: *depends on the order*numeric")]
    [InlineData("{ 'name': 'v', 'groupBy': ['note'], 'measures': { 'n': 'sum day' } }", "/views/0/measures/n: *a sum is of numbers")]
    [InlineData("{ 'name': 'v', 'groupBy': ['note'], 'measures': { 'n': 'max note' } }", "/views/0/measures/n: *collation")]
    [InlineData("{ 'name': 'v', 'groupBy': ['note'], 'measures': { 'n': 'max nota' } }", "/views/0/measures/n: \"nota\" is not the name")]
    public void Faults_are_told_where_they_are(string views, string fault)
    {
        string[] parts = fault.Split('*');
        Assert.Contains(DefinitionText.Faults(With(views)), sentence => sentence.StartsWith(parts[0], StringComparison.Ordinal)
            && parts.All(part => sentence.Contains(part, StringComparison.Ordinal)));
    }

    private static string With(string views) => $$"""
        { 'schema': { 'fields': [
            { 'name': 'note', 'type': 'string' }, { 'name': 'mail', 'type': 'string' }, { 'name': 'amount', 'type': 'number' },
            { 'name': 'weight', 'type': 'number', 'sqlType': 'double precision' }, { 'name': 'day', 'type': 'date' },
            { 'name': 'at', 'type': 'datetime' } ] },
          {{(views.Contains("['mail']", StringComparison.Ordinal) ? "'transforms': [ { 'op': 'hash', 'fields': ['mail'], 'algorithm': 'sha256', 'pii': true } ]," : "")}}
          'views': [ {{views}} ] }
        """;
}
