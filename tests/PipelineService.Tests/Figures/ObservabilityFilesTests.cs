using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Telemetry;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Repository;

namespace PipelineService.Tests.Figures;

/// <summary>
/// What lies in <c>deploy/observability</c> is about metrics that there are: every expression is read and evaluated over what a running
/// service shows, every alert is silent then and fires when it should, and docs/observability.md says of each what is to be done.
/// </summary>
public sealed partial class ObservabilityFilesTests(ObservabilityFilesTests.BusyService running)
    : IClassFixture<ObservabilityFilesTests.BusyService>
{
    /// <summary>Prometheus' own, of each that it scrapes.</summary>
    private const string Up = "up";

    private static readonly string RulesText = RepositoryFiles.Read("deploy", "observability", "rules.yml");

    private static readonly Dictionary<string, PromExpression> Records = RulesOf("record");
    private static readonly Dictionary<string, PromExpression> Alerts = RulesOf("alert");

    /// <summary>By alert what is scraped before and when it fires; labels and lines of no weight are left out.</summary>
    public static TheoryData<string, string, string> Firing => new()
    {
        { "PipelineAcceptBurnsFast", Accepted(100, 100), Accepted(190, 200) },
        { "PipelineAcceptBurnsSlowly", Accepted(100, 100), Accepted(199, 200) },
        { "PipelineFreshBurnsFast", Visible(100, 100), Visible(180, 200) },
        { "PipelineFreshBurnsSlowly", Visible(100, 100), Visible(190, 200) },
        { "PipelineStuck", "", "pipeline_queue_age_seconds 901" },
        { "PipelineNotHonest", "", """pipeline_jobs_failed_total{dataset="a",code="internal_error"} 1""" },
        { "PipelineDown", "", """up{job="pipeline",instance="a"} 0""" },
        { "PipelineDatabaseAway", "", "pipeline_database_circuit 1" },
        { "PipelineUploadsRefused", Refused(3), Refused(4) },
        { "PipelineSpoolFillsUp", "pipeline_spool_free_bytes 180000000", "pipeline_spool_free_bytes 80000000" },
        { "PipelineSpoolDamaged", "", "pipeline_spool_damaged 1" },
        { "PipelineBacklog", "", "pipeline_backlog_seconds 3601" },
        {
            "PipelineSessionsTaken", "",
            "pipeline_sessions_used 8\npipeline_sessions_max 8\npipeline_sessions_waiting 1"
        },
        { "PipelineTableRests", "", "pipeline_tables_resting 1" },
        { "PipelineRejectsRise", Sent(100, 1), Sent(190, 11) },
        {
            "PipelineJobsFail", """pipeline_jobs_failed_total{dataset="a",code="header_mismatch"} 1""",
            """pipeline_jobs_failed_total{dataset="a",code="header_mismatch"} 5"""
        },
        { "PipelineServiceAway", "", """pipeline_enrichment_circuit{service="geo"} 1""" },
        { "PipelineWebhookRests", "", "pipeline_webhook_resting 1" },
        { "PipelineAuditUnlinked", "", "pipeline_audit_unlinked 1" },
    };

    [Fact]
    public void Every_expression_is_about_metrics_and_labels_that_there_are()
    {
        string[] wrong =
        [
            .. from expression in Records.Concat(Alerts).Select(rule => rule.Value).Concat(Dashboard())
               from part in expression.Parts
               from fault in FaultsOf(part, expression)
               select fault,
        ];

        Assert.Empty(wrong.Distinct());
        Assert.InRange(Dashboard().Count(), 30, 60);
        Assert.InRange(Records.Count + Alerts.Count, 20, 60);
    }

    /// <summary>
    /// And every expression of the dashboard comes to something, where anything has happened at all. How fast it is says nothing here.
    /// </summary>
    [Fact]
    public void A_service_that_is_well_sets_off_no_alert()
    {
        PromSeries series = new(running.Before, running.Now, 3600, Records);

        Assert.Empty(
            from alert in Alerts
            where !alert.Key.Contains("Burns", StringComparison.Ordinal) && alert.Value.Evaluate(series).Samples.Length > 0
            select alert.Key);
        Assert.Empty(
            from expression in Dashboard()
            where expression.Evaluate(series).Samples.Length == 0 && !expression.Parts.OfType<PromSelector>().Any(MayBeEmpty)
            select expression);
    }

    [Theory]
    [MemberData(nameof(Firing))]
    public void Every_alert_fires_when_it_should(string alert, string before, string now)
    {
        PromSeries series = new(new MetricsPage(before), new MetricsPage(now), 3600, Records);

        Assert.NotEmpty(Alerts[alert].Evaluate(series).Samples);
        Assert.Empty(Alerts[alert].Evaluate(series.Earlier).Samples);
    }

    [Fact]
    public void Every_alert_is_tried_and_explained()
    {
        string page = RepositoryFiles.Read("docs", "observability.md");

        Assert.Equal(Alerts.Keys.Order(), Firing.Select(row => row.Data.Item1).Order());
        Assert.Equal(
            Alerts.Keys.Order(), Heading().Matches(page).Select(match => match.Groups[1].Value).Order());
        Assert.All(Alerts.Keys, alert => Assert.Contains(
            $"runbook: \"docs/observability.md#{alert.ToLowerInvariant()}\"", RulesText, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Prometheus_own_tool_has_nothing_against_the_rules()
    {
        string? promtool = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, "promtool")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(promtool is null, "There is no promtool here (Debian: apt-get install prometheus).");
        using var process = Process.Start(new ProcessStartInfo(
            promtool!, ["check", "rules", Path.Combine(RepositoryFiles.Root, "deploy", "observability", "rules.yml")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        string said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)
            + await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(process.ExitCode == 0, said);
    }

    [Theory]
    [InlineData("sum(pipeline_jobs")]
    [InlineData("sum by (state (pipeline_jobs)")]
    [InlineData("pipeline_jobs % 2")]
    [InlineData("sum(pipeline_jobs) sum(pipeline_jobs)")]
    public void What_is_no_expression_is_seen(string text) => Assert.Throws<FormatException>(() => PromExpression.Parse(text));

    private IEnumerable<string> FaultsOf(PromExpression part, PromExpression whole)
    {
        if (part is PromSelector selector && selector.Name != Up && !Records.ContainsKey(selector.Name))
        {
            MetricsPage.Sample[] samples = [.. running.Now.Samples.Where(sample => sample.Name == selector.Name)];
            if (samples.Length == 0)
            {
                yield return $"There is no {selector.Name}.";
            }

            foreach (PromMatcher matcher in selector.Matchers.Where(m => !samples.Any(sample => sample.Labels.ContainsKey(m.Label))))
            {
                yield return $"{selector.Name} has no {matcher.Label}.";
            }
        }
        else if (part is PromAggregate aggregate)
        {
            string[] names = [.. aggregate.Inner.Parts.OfType<PromSelector>().Select(inner => inner.Name)];
            foreach (string label in aggregate.By.Where(label => label != "instance" && !running.Now.Samples.Any(
                sample => names.Contains(sample.Name) && sample.Labels.ContainsKey(label))))
            {
                yield return $"Nothing has {label} in {whole}.";
            }
        }
        else if (part is PromCall call)
        {
            call.Evaluate(new PromSeries(running.Before, running.Now, 60, Records)); // throws where there is no such function
        }
    }

    /// <summary>Errors that a service which is well has none of, or not more than before.</summary>
    private static bool MayBeEmpty(PromSelector selector) =>
        selector.Matchers.Any(matcher => matcher is { Label: "outcome", Operator: "!=" }) || selector.Name.Contains("refused", StringComparison.Ordinal)
        || selector.Name.Contains("errors", StringComparison.Ordinal);

    private static IEnumerable<PromExpression> Dashboard() =>
        from panel in JsonNode.Parse(RepositoryFiles.Read("deploy", "observability", "dashboard.json"))!["panels"]!.AsArray()
        from target in panel!["targets"]?.AsArray() ?? []
        select PromExpression.Parse(((string)target!["expr"]!)
            .Replace("$__rate_interval", "5m", StringComparison.Ordinal)
            .Replace("$dataset", ".*", StringComparison.Ordinal).Replace("$source", ".*", StringComparison.Ordinal));

    private static Dictionary<string, PromExpression> RulesOf(string kind) => Rule().Matches(RulesText)
        .Where(match => match.Groups["kind"].Value == kind)
        .ToDictionary(match => match.Groups["name"].Value, match => PromExpression.Parse(match.Groups["expression"].Value));

    private static string Accepted(int good, int all) =>
        $"pipeline_accept_duration_seconds_bucket{{le=\"1\"}} {good}\npipeline_accept_duration_seconds_count {all}\n{Refused(0)}";

    private static string Visible(int good, int all) =>
        $"pipeline_commit_latency_seconds_bucket{{le=\"60\"}} {good}\npipeline_commit_latency_seconds_count {all}";

    private static string Refused(int uploads) => $"pipeline_uploads_refused_total{{code=\"spool_full\"}} {uploads}";

    private static string Sent(int loaded, int rejected) =>
        $$"""
        pipeline_source_records_total{source="a",outcome="loaded"} {{loaded}}
        pipeline_source_records_total{source="a",outcome="rejected"} {{rejected}}
        """;

    [GeneratedRegex(@"- (?<kind>record|alert): (?<name>\S+)\n +expr: (?<expression>[^\n]+)")]
    private static partial Regex Rule();

    [GeneratedRegex("^### (Pipeline[A-Za-z]+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    /// <summary>It has loaded, rejected and refused, and knows a service and a model; read once before the last of its work, and after.</summary>
    public sealed class BusyService(PostgresServer server) : RunningService(server)
    {
        internal MetricsPage Before { get; private set; } = null!;

        internal MetricsPage Now { get; private set; } = null!;

        protected override IEnumerable<(string Key, string? Value)> Settings => [("Enrich:Services:geo:Url", "http://127.0.0.1:1/")];

        protected override async Task PrepareAsync()
        {
            await Api.DeclareAsync("busy", Readings.Definition());
            await Api.DeclareAsync("broken", Readings.Definition());
            Before = await WorkAsync();
            Now = await WorkAsync();
        }

        private async Task<MetricsPage> WorkAsync()
        {
            using StringContent body = new(Readings.Csv(99) + "bad,a,1\n", encoding: null, "text/csv");
            ApiAnswer sent = await Api.PostAsync("/v1/datasets/busy/uploads?source=acme", body, ("Prefer", "wait=30"));
            Assert.Equal(JobState.PartiallySucceeded, (await Api.WhenFinalAsync(sent.Job.Id)).State);
            Assert.Equal(JobState.Failed, (await Api.LoadAsync("broken", "none\n1\n")).State);
            await Api.UploadAsync("busy", "<p>", "text/html");
            OnceMore();
            MetricsPage? page = null;
            await BoundedWait.UntilAsync("gauges of background work", async () =>
                (page = await MetricsPage.ReadAsync(Service.Client)).Has("pipeline_queue_age_seconds") && page.Has("pipeline_sessions_used"));
            return page!;
        }

        /// <summary>What it does not come to by itself here.</summary>
        private void OnceMore()
        {
            Service.Services.GetRequiredService<PipelineMetrics>().WebhookAnswered("delivered", TimeSpan.Zero);
            Service.Services.GetRequiredService<PipelineMetrics>().WebhookAnswered("retried", TimeSpan.Zero);
            Service.Services.GetRequiredService<EnrichmentMetrics>().Called("geo", "answered");
            Service.Services.GetRequiredService<ModelMetrics>().Of("risk").Called(rows: 1, hasAnswered: false);
        }
    }
}
