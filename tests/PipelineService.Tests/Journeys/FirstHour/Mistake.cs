using System.Text;

namespace PipelineService.Tests.Journeys.FirstHour;

/// <summary>A mistake that newcomers make, and what the answer must hold: the words that say what was found and what to write.</summary>
/// <param name="What">In a few words.</param>
public sealed record Mistake(string What)
{
    public required string Method { get; init; }

    public required string Path { get; init; }

    public byte[] Body { get; init; } = [];

    public string? ContentType { get; init; }

    public (string Name, string Value)[] Headers { get; init; } = [];

    /// <summary>Of the answer; a mistake that the data makes is found out by its job, whose answer is 200.</summary>
    public required int Status { get; init; }

    /// <summary>Of the problem, of the failed job's error, or of the first rejected record.</summary>
    public required string Code { get; init; }

    /// <summary>Texts that the sentences must hold.</summary>
    public required string[] Says { get; init; }

    public override string ToString() => What;

    /// <summary>A call that is refused.</summary>
    public static Mistake Call(string what, string method, string path, int status, string code, params string[] says) =>
        new(what) { Method = method, Path = path, Status = status, Code = code, Says = says };

    /// <summary>A definition that is refused.</summary>
    /// <param name="json">With apostrophes for quotes.</param>
    public static Mistake Definition(string what, string json, params string[] says) =>
        Json(what, json.Replace('\'', '"'), "invalid_definition", says);

    /// <summary>A definition that is no JSON.</summary>
    public static Mistake Json(string what, string json, params string[] says) => Json(what, json, "malformed_json", says);

    /// <summary>An upload whose job fails.</summary>
    public static Mistake Upload(string what, string dataset, string contentType, byte[] data, string code, params string[] says) =>
        Call(what, "POST", $"/v1/datasets/{dataset}/uploads", 200, code, says) with
        {
            Body = data,
            ContentType = contentType,
            Headers = [("Prefer", "wait=30")],
        };

    /// <inheritdoc cref="Upload(string, string, string, byte[], string, string[])"/>
    public static Mistake Upload(string what, string dataset, string contentType, string data, string code, params string[] says) =>
        Upload(what, dataset, contentType, Encoding.UTF8.GetBytes(data), code, says);

    private static Mistake Json(string what, string json, string code, string[] says) =>
        Call(what, "PUT", "/v1/datasets/declared", 400, code, says) with
        {
            Body = Encoding.UTF8.GetBytes(json),
            ContentType = "application/json",
        };
}
