using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Tests.Datasets;

/// <summary>What a definition may say of profiles and quality, and what it is told when it says something else.</summary>
public sealed class QualityReaderTests
{
    private const string Rule = "{ 'metric': 'rows', 'fallMax': 0.4 }";

    [Fact]
    public void Every_default_is_filled_in_and_written_back()
    {
        DatasetDefinition definition = DefinitionText.Read(With($"'rules': [{Rule}]"));

        Assert.Equal(
            new QualityPolicy(
                8, BySource: true, ByWeekday: true, [new QualityRule(QualityMetric.Rows, null, FallMax: 0.4)], BreachAction.Warn),
            definition.Quality);
        Assert.Equal((false, true), (definition.Profile, definition.IsProfiled));
        Assert.Equal(definition.Quality, DefinitionText.Read(DefinitionWriter.Write(definition)).Quality);
    }

    [Fact]
    public void All_that_can_be_said_is_read_and_written_back()
    {
        DatasetDefinition definition = DefinitionText.Read(With("""
            'baseline': { 'jobs': 5, 'by': [] }, 'onBreach': 'hold', 'rules': [
              { 'metric': 'rejectRatio', 'max': 0.5 }, { 'metric': 'nullRatio', 'field': 'mail', 'riseMax': 0.02 },
              { 'metric': 'distinct', 'field': 'mail', 'fallMax': 0.1 },
              { 'metric': 'mean', 'field': 'amount', 'fallMax': 0.3, 'riseMax': 0.3 },
              { 'metric': 'min', 'field': 'amount', 'min': -5 }, { 'metric': 'max', 'field': 'amount', 'max': 1e6 },
              { 'metric': 'sum', 'field': 'amount', 'riseMax': 2 }, { 'metric': 'meanLength', 'field': 'note', 'riseMax': 2 },
              { 'metric': 'newValues', 'field': 'note', 'max': 0 } ]
            """));

        QualityPolicy quality = definition.Quality!;
        Assert.Equal(
            (5, false, false, BreachAction.Hold, 9),
            (quality.Jobs, quality.BySource, quality.ByWeekday, quality.OnBreach, quality.Rules.Length));
        Assert.True(quality.Remembers("note"));
        Assert.Equal(quality, DefinitionText.Read(DefinitionWriter.Write(definition)).Quality);
    }

    [Theory]
    [InlineData("'profile': true", true)]
    [InlineData("'profile': false", false)]
    [InlineData("'profile': null", false)]
    [InlineData("'profile': 'tabular-data-resource'", false)]
    public void A_profile_is_asked_for_or_is_the_standards(string profile, bool isAsked) => Assert.Equal(
        isAsked, DefinitionText.Read($"{{ 'schema': {{ 'fields': [ {{ 'name': 'id' }} ] }}, {profile} }}").IsProfiled);

    [Theory]
    [InlineData("'rules': 1", "/quality/rules: Must be an array")]
    [InlineData("", "/quality/rules: Is missing")]
    [InlineData("'rules': []", "/quality/rules: Must have 1 to 100")]
    [InlineData("'rules': [7]", "/quality/rules/0: Must be an object")]
    [InlineData($"'rules': [{Rule}], 'onBreech': 'warn'", "/quality/onBreech: \"onBreech\" is not a known property*onBreach")]
    [InlineData($"'rules': [{Rule}], 'onBreach': 'stop'", "/quality/onBreach: \"stop\" is not known here")]
    [InlineData($"'rules': [{Rule}], 'baseline': {{ 'jobs': 1 }}", "/quality/baseline/jobs: Must be 2 to 100")]
    [InlineData($"'rules': [{Rule}], 'baseline': {{ 'jobs': 101 }}", "/quality/baseline/jobs: Must be a whole number")]
    [InlineData($"'rules': [{Rule}], 'baseline': {{ 'by': ['source', 'month'] }}", "/quality/baseline/by/1: \"month\" is not known")]
    [InlineData("'rules': [{ 'fallMax': 0.4 }]", "/quality/rules/0/metric: Is missing")]
    [InlineData("'rules': [{ 'metric': 'row', 'fallMax': 0.4 }]", "/quality/rules/0/metric: \"row\" is not known here*\"rows\"?")]
    [InlineData("'rules': [{ 'metric': 'rows' }]", "/quality/rules/0: Has no bound")]
    [InlineData("'rules': [{ 'metric': 'rows', 'fallMax': 2 }]", "/quality/rules/0/fallMax: Must be a number from 0 to 1")]
    [InlineData("'rules': [{ 'metric': 'rows', 'riseMax': '2' }]", "/quality/rules/0/riseMax: Must be a number")]
    [InlineData("'rules': [{ 'metric': 'rows', 'min': 5, 'max': 4 }]", "/quality/rules/0/min: Must not be above max")]
    [InlineData("'rules': [{ 'metric': 'rows', 'field': 'id', 'min': 5 }]", "/quality/rules/0/field: It is a figure of the job")]
    [InlineData("'rules': [{ 'metric': 'distinct', 'min': 5 }]", "/quality/rules/0/field: Is missing")]
    [InlineData("'rules': [{ 'metric': 'distinct', 'field': 'ids', 'min': 5 }]", "/quality/rules/0/field: \"ids\" is not the name of a field*\"id\"?")]
    [InlineData("'rules': [{ 'metric': 'mean', 'field': 'note', 'min': 5 }]", "/quality/rules/0/field: Must be a number*text")]
    [InlineData("'rules': [{ 'metric': 'meanLength', 'field': 'id', 'min': 5 }]", "/quality/rules/0/field: Must be a text*bigint")]
    [InlineData("'rules': [{ 'metric': 'newValues', 'field': 'amount', 'max': 0 }]", "/quality/rules/0/field: Must be a text, a whole number")]
    [InlineData("'rules': [{ 'metric': 'newValues', 'field': 'note' }]", "/quality/rules/0/max: Is missing")]
    [InlineData("'rules': [{ 'metric': 'newValues', 'field': 'note', 'max': -1 }]", "/quality/rules/0/max: Must be 0 or more")]
    [InlineData("'rules': [{ 'metric': 'newValues', 'field': 'note', 'max': 0, 'riseMax': 1 }]", "/quality/rules/0/riseMax: newValues has max alone")]
    [InlineData("'rules': [{ 'metric': 'newValues', 'field': 'mail', 'max': 0 }]", "/quality/rules/0/field: \"mail\" holds personal data")]
    public void Faults_are_told_where_they_are(string quality, string fault)
    {
        string[] parts = fault.Split('*');
        Assert.Contains(DefinitionText.Faults(With(quality)), found => found.StartsWith(parts[0], StringComparison.Ordinal)
            && parts[1..].All(part => found.Contains(part, StringComparison.Ordinal)));
    }

    [Fact]
    public void All_faults_are_told_at_once() => Assert.Equal(
        ["/quality/baseline/by/0", "/quality/onBreach", "/quality/rules/0/metric", "/quality/rules/1/field", "/profile"],
        DefinitionText.Faults(With("""
            'baseline': { 'by': ['x'] }, 'onBreach': 'stop', 'rules': [ { 'metric': 'x', 'min': 1 }, { 'metric': 'mean', 'field': 'y', 'min': 1 } ]
            """, ", 'profile': false")).Select(fault => fault.Split(':')[0]));

    [Theory]
    [InlineData("hold")]
    [InlineData("fail")]
    public void Nothing_is_held_back_of_what_is_visible_already(string onBreach) => Assert.StartsWith(
        "/quality/onBreach: With load.commit \"chunk\"",
        Assert.Single(DefinitionText.Faults(With($"'rules': [{Rule}], 'onBreach': '{onBreach}'", ", 'load': { 'commit': 'chunk' }"))),
        StringComparison.Ordinal);

    private static string With(string quality, string more = "") => $$"""
        { 'schema': { 'fields': [ { 'name': 'id', 'type': 'integer' }, { 'name': 'amount', 'type': 'number' },
              { 'name': 'note', 'type': 'string' }, { 'name': 'mail', 'type': 'string' } ] },
          'transforms': [ { 'op': 'hash', 'fields': ['mail'], 'algorithm': 'sha256', 'pii': true } ],
          'quality': { {{quality}} }{{more}} }
        """;
}
