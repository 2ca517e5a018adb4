using System.Net.Http.Headers;
using PipelineService.Hosting.Http;
using PipelineService.Jobs.DeadLetters;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Journeys.FirstHour;

/// <summary>
/// What goes wrong in the first hour, a hundred times: each mistake is answered with what was found and with what to write
/// instead. A table, so that a mistake that somebody makes tomorrow is a line more.
/// </summary>
public sealed class FirstHourMistakesTests(FirstHourService running) : IClassFixture<FirstHourService>
{
    public static TheoryData<Mistake> OfAddresses => [.. AddressMistakes.All];

    public static TheoryData<Mistake> OfRequests => [.. RequestMistakes.All];

    public static TheoryData<Mistake> OfDefinitions => [.. DefinitionMistakes.All];

    public static TheoryData<Mistake> OfDelimitedText => [.. CsvMistakes.All];

    public static TheoryData<Mistake> OfJsonLines => [.. NdjsonMistakes.All, .. NdjsonMistakes.OfDocuments, .. NdjsonMistakes.OfDocuments];

    [Theory]
    [MemberData(nameof(OfAddresses), DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(OfRequests), DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(OfDefinitions), DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(OfDelimitedText), DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(OfJsonLines), DisableDiscoveryEnumeration = true)]
    public async Task Is_told_what_was_found_and_what_to_write(Mistake mistake)
    {
        ApiAnswer answer = await SendAsync(mistake);

        Assert.True(mistake.Status == (int)answer.Status, $"{(int)answer.Status}: {answer.Body}");
        (string code, string told) = mistake.Status >= 400 ? Told(answer.Problem)
            : answer.Job.Error is { } error ? Told(error)
            : await ToldOfFirstRejectAsync(answer.Job);
        Assert.Equal((mistake.Code, told), (code, told));
        Assert.All(mistake.Says, words => Assert.Contains(words, told, StringComparison.Ordinal));
    }

    [Fact]
    public void Are_a_hundred_and_more()
    {
        Mistake[] all =
        [
            .. AddressMistakes.All, .. RequestMistakes.All, .. DefinitionMistakes.All, .. CsvMistakes.All, .. NdjsonMistakes.All,
        ];

        Assert.InRange(all.Length, 100, 1_000);
        Assert.Equal(all.Length, all.Select(mistake => mistake.What).Distinct().Count());
    }

    private async Task<ApiAnswer> SendAsync(Mistake mistake)
    {
        using HttpRequestMessage request = new(new HttpMethod(mistake.Method), new Uri(mistake.Path, UriKind.Relative));
        if (mistake.Body.Length > 0 || mistake.ContentType is not null)
        {
            request.Content = new ByteArrayContent(mistake.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", mistake.ContentType);
        }

        foreach ((string name, string value) in mistake.Headers)
        {
            HttpHeaders headers = name.StartsWith("Content-E", StringComparison.Ordinal) ? request.Content!.Headers : request.Headers;
            headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage response =
            await running.Service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return await ApiAnswer.ReadAsync(response);
    }

    private static (string Code, string Told) Told(Problem problem)
    {
        Assert.NotEmpty(problem.Title);
        Assert.NotEmpty(problem.Detail);
        IEnumerable<string> places = problem.Errors?.Select(e => $"{e.Key}: {string.Join(" ", e.Value)}") ?? [];
        return (problem.Code, string.Join("\n", [problem.Detail, .. places]));
    }

    private async Task<(string Code, string Told)> ToldOfFirstRejectAsync(JobView job)
    {
        ApiAnswer answer = await running.Api.GetAsync($"/v1/jobs/{job.Id}/dead-letters?limit=1");
        DeadLetterError error = Assert.Single(answer.Read<DeadLetterPage>().Items).Errors[0];
        return (error.Code, $"{error.Field}: {error.Message} value {error.Value}");
    }
}
