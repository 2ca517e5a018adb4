using System.Net;
using System.Text.Json.Nodes;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Http;

/// <summary>A parameter that a call does not have is refused, not passed over.</summary>
public sealed class QueryParametersTests(RunningService running) : IClassFixture<RunningService>
{
    private const string Job = "0199a3c0-0000-7000-8000-000000000000";

    [Theory]
    [InlineData("/v1/jobs?sorce=acme", "/sorce", "Did you mean \"source\"?")]
    [InlineData("/v1/jobs?since=2026-11-26", "/since", "It has batch, createdAfter, createdBefore, cursor, dataset,")]
    [InlineData("/v1/jobs?createdafterr=2026-11-26", "/createdafterr", "Did you mean \"createdAfter\"?")]
    [InlineData("/v1/jobs?limit=1&limit=2", "/limit", "It is given 2 times; give it once.")]
    [InlineData($"/v1/jobs/{Job}?wait=5", "/wait", "This call has no parameters.")]
    [InlineData($"/v1/jobs/{Job}?id={Job}", "/id", "This call has no parameters.")]
    [InlineData($"/v1/jobs/{Job}/dead-letters?feild=a", "/feild", "Did you mean \"field\"?")]
    [InlineData("/v1/datasets?context=a", "/context", "It has cursor, limit.")]
    [InlineData("/v1/datasets?%EF%BB%BFlimit=1", "/\\uFEFFlimit", "Did you mean \"limit\"?")]
    public async Task Says_which_parameters_there_are(string path, string pointer, string words)
    {
        ApiAnswer answer = await running.Api.GetAsync(path);

        Assert.Equal((HttpStatusCode.BadRequest, "malformed_query"), (answer.Status, answer.Problem.Code));
        Assert.Equal([pointer], answer.Problem.Errors!.Keys);
        Assert.Contains(words, answer.Problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/jobs?Dataset=none&STATE=failed&state=cancelled")]
    [InlineData("/v1/datasets?limit=1")]
    [InlineData("/health/live?probe=1")]
    [InlineData("/metrics?collect[]=a")]
    [InlineData("/openapi/v1.json?x=1")]
    public async Task Takes_those_that_there_are_in_any_case_and_leaves_probes_alone(string path) =>
        Assert.Equal(HttpStatusCode.OK, (await running.Api.GetAsync(path)).Status);

    [Fact]
    public async Task Refuses_an_upload_whose_label_is_mistyped_before_it_is_read()
    {
        await running.Api.DeclareAsync("mislabelled", Readings.Definition());
        using StringContent body = new(Readings.Csv(1), encoding: null, "text/csv");

        ApiAnswer answer = await running.Api.PostAsync("/v1/datasets/mislabelled/uploads?src=crm", body);

        Assert.Equal((HttpStatusCode.BadRequest, "malformed_query"), (answer.Status, answer.Problem.Code));
        Assert.Equal(["/src"], answer.Problem.Errors!.Keys);
        await running.AssertNothingIsLeftAsync("mislabelled");
    }

    /// <summary>What the document says a call has is what the call takes: one list, two readers.</summary>
    [Fact]
    public async Task Every_call_has_the_parameters_that_the_document_names_and_no_other()
    {
        JsonObject paths = JsonNode.Parse((await running.Api.GetAsync("/openapi/v1.json")).Body)!["paths"]!.AsObject();
        List<string> faults = [];
        foreach ((string path, JsonNode? methods) in paths.Where(p => p.Key.StartsWith("/v1/", StringComparison.Ordinal)))
        {
            foreach ((string method, JsonNode? operation) in methods!.AsObject())
            {
                string[] named = [.. (operation!["parameters"]?.AsArray() ?? [])
                    .Where(p => (string?)p!["in"] == "query").Select(p => (string)p!["name"]!).Order(StringComparer.Ordinal)];
                string told = await AskAsync(method, path);
                string wanted = named.Length == 0 ? "This call has no parameters." : $"It has {string.Join(", ", named)}.";
                if (!told.EndsWith(wanted, StringComparison.Ordinal))
                {
                    faults.Add($"{method} {path}: {told}, wanted {wanted}");
                }
            }
        }

        Assert.Empty(faults);
    }

    private async Task<string> AskAsync(string method, string path)
    {
        string address = path.Replace("{id}", Job, StringComparison.Ordinal)
            .Replace("{dataset}", "some", StringComparison.Ordinal).Replace("{version}", "1", StringComparison.Ordinal);
        using HttpRequestMessage request = new(new HttpMethod(method.ToUpperInvariant()), new Uri($"{address}?qqqqqqqq=1", UriKind.Relative));
        using HttpResponseMessage response = await running.Service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        ApiAnswer answer = await ApiAnswer.ReadAsync(response);
        return answer.Status == HttpStatusCode.BadRequest ? answer.Problem.Detail! : $"{answer.Status}";
    }
}
