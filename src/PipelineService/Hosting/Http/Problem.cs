using System.Text.Json.Serialization;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Hosting.Http;

/// <summary>
/// An error as clients see it: RFC 9457 problem details with a stable code. Also the form in which a failed job keeps its
/// reason.
/// </summary>
public sealed record Problem
{
    public const string ContentType = "application/problem+json";

    /// <summary>
    /// Words of a query that are not known and are told, each with what there is: an answer is not much longer than its request.
    /// </summary>
    public const int UnknownShownMax = 10;

    /// <summary>A URI reference that names the kind of problem: <c>urn:pipeline:problem:{code}</c>.</summary>
    public string Type => $"urn:pipeline:problem:{Code}";

    /// <summary>One sentence, the same for every problem of this kind.</summary>
    public required string Title { get; init; }

    /// <summary>The HTTP status that goes with it.</summary>
    public required int Status { get; init; }

    /// <summary>What was wrong here, where, and how to mend it.</summary>
    [PrimaryErrorMessage]
    public required string Detail { get; init; }

    /// <summary>Stable, in snake_case; what programs look at.</summary>
    public required string Code { get; init; }

    public string? TraceId { get; init; }

    /// <summary>JSON pointer into the request's body or query → what is wrong there.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>Seconds after which another try may do, for the header <c>Retry-After</c>; null when it would not.</summary>
    [JsonIgnore]
    public int? RetryAfterSeconds { get; init; }

    /// <summary>A header that says what would have been taken.</summary>
    [JsonIgnore]
    public (string Name, string Value)? Accepts { get; init; }

    /// <summary>A parameter that cannot be used.</summary>
    /// <param name="fault">What is wrong with it, to stand behind its name and a colon.</param>
    public static Problem MalformedQuery(string parameter, string fault) =>
        MalformedQuery(new Dictionary<string, string[]> { [$"/{parameter}"] = [fault] });

    /// <summary>Parameters that cannot be used, as JSON pointers into the query.</summary>
    public static Problem MalformedQuery(IReadOnlyDictionary<string, string[]> faults) => new()
    {
        Code = "malformed_query",
        Status = StatusCodes.Status400BadRequest,
        Title = "A query parameter cannot be used.",
        Detail = string.Join(" ", faults.Select(f => $"{f.Key[1..]}: {string.Join(" ", f.Value)}")),
        Errors = faults,
    };

    /// <summary>A header that the call heeds and cannot read.</summary>
    /// <param name="fault">What to write, to stand behind the header's name and a colon.</param>
    public static Problem MalformedHeader(string name, string fault) => new()
    {
        Code = "malformed_header",
        Status = StatusCodes.Status400BadRequest,
        Title = "A header cannot be understood.",
        Detail = $"{name}: {fault}",
    };

    /// <summary>The answer that carries this problem.</summary>
    public IResult ToResult() => new ProblemResult(this);
}
