using PipelineService.Core.Rules;

namespace PipelineService.Hosting.Http;

/// <summary>
/// What somebody most likely wanted who asked for an address that there is not, or with a method that it does not take. A table,
/// because most who come here make one of a few mistakes; all others are shown the nearest address and the document.
/// </summary>
internal sealed class AddressAdvice(EndpointDataSource endpoints)
{
    private const string Document = "Every call is described in /openapi/v1.json.";

    /// <summary>Addresses under which other services keep what this one keeps elsewhere.</summary>
    private static readonly string[] Descriptions =
        ["swagger", "docs", "doc", "redoc", "openapi", "openapi.json", "swagger.json", "openapi.yaml", "api-docs", "scalar", "api"];

    private readonly Lazy<string[][]> _routes = new(() =>
    [
        .. endpoints.Endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => endpoint.RoutePattern.RawText ?? "")
            .Select(route => SegmentsOf(route).Select(WithoutConstraint).ToArray())
            .Where(route => route.Length > 0),
    ]);

    /// <summary>For 404.</summary>
    public string ForUnknown(HttpRequest request)
    {
        string[] path = SegmentsOf(request.Path.Value ?? "");
        string advice = path switch
        {
            [] => "",
            [string word, ..] when Descriptions.Contains(word.ToLowerInvariant()) => "",
            ["health"] => "Health is at /health/live and /health/ready. ",
            ["v1", "datasets", string name, "versions", _] =>
                $"A version is a whole number: GET /v1/datasets/{Excerpt.Of(name)}/versions lists them. ",
            _ => Nearest(path),
        };
        return $"There is nothing at {Shown(request)}. {advice}{Document}";
    }

    /// <summary>For 405.</summary>
    /// <param name="allow">The methods that the address takes, as the header says it.</param>
    public static string ForMethod(HttpRequest request, string allow)
    {
        string[] path = SegmentsOf(request.Path.Value ?? "");
        string advice = (request.Method.ToUpperInvariant(), path) switch
        {
            ("POST", ["v1", "datasets"]) => "A dataset is declared with PUT /v1/datasets/{name}.",
            ("PUT" or "PATCH" or "DELETE", ["v1", "datasets"]) => "A dataset has a name of its own: /v1/datasets/{name}.",
            ("POST", ["v1", "datasets", string name]) =>
                $"PUT declares a dataset; data for it goes to POST /v1/datasets/{Excerpt.Of(name)}/uploads.",
            ("PATCH", ["v1", "datasets", _]) => "PUT the whole definition; what has not changed stays as it is.",
            ("PUT", ["v1", "datasets", _, "uploads"]) =>
                "Data is sent with POST. curl -T sends PUT: add -X POST, or send with --data-binary @FILE.",
            ("GET" or "HEAD", ["v1", "datasets", string name, "uploads"]) =>
                $"Data is sent here with POST. GET /v1/jobs?dataset={Excerpt.Of(name)} lists what became of the uploads.",
            ("DELETE", ["v1", "datasets", _, "uploads"]) =>
                "POST /v1/jobs/{id}/cancel ends a job, POST /v1/jobs/{id}/revert removes the rows that it loaded.",
            (_, ["v1", "jobs"]) => "A job is made by an upload: POST /v1/datasets/{name}/uploads.",
            ("GET" or "HEAD" or "PUT" or "DELETE", ["v1", "jobs", _, "cancel" or "revert"]) =>
                "It is done with POST, without a body.",
            ("POST" or "PUT" or "PATCH", ["v1", "jobs", _]) =>
                "POST …/cancel ends a job, POST …/revert removes the rows that it loaded.",
            _ => "",
        };
        string method = Excerpt.Of(request.Method);
        return $"{method} is not taken at {Shown(request)}, but {allow} {(allow.Contains(',') ? "are" : "is")}. {advice}".TrimEnd();
    }

    /// <summary>The address that has the most in common with what was asked for, if it has enough.</summary>
    private string Nearest(string[] path)
    {
        string[][] asked = path[0] == "v1" ? [path] : [path, ["v1", .. path]];
        (string Route, int Distance)? best = null;
        foreach (string[] route in _routes.Value)
        {
            foreach (string[] words in asked)
            {
                if (DistanceOf(words, route) is int distance && !(best?.Distance <= distance))
                {
                    best = ("/" + string.Join('/', route), distance);
                }
            }
        }

        return best is var (nearest, _) ? $"Did you mean {nearest}? " : "";
    }

    /// <summary>
    /// How many words of a path differ from a route's, each only by a slip of the hand; null when it is another route.
    /// </summary>
    private static int? DistanceOf(string[] path, string[] route)
    {
        if (path.Length != route.Length)
        {
            return null;
        }

        int distance = 0;
        int literals = 0;
        for (int i = 0; i < path.Length; i++)
        {
            bool isParameter = route[i].StartsWith('{');
            literals += isParameter ? 0 : 1;
            if (isParameter || path[i] == route[i])
            {
                continue;
            }

            if (Suggestion.For(path[i], [route[i]]).Length == 0)
            {
                return null;
            }

            distance++;
        }

        return literals > 0 ? distance : null;
    }

    /// <summary><c>{version:int}</c> as people read it.</summary>
    private static string WithoutConstraint(string segment) =>
        segment.StartsWith('{') && segment.EndsWith('}') ? segment.Split(':')[0].TrimEnd('}') + "}" : segment;

    private static string Shown(HttpRequest request) => Excerpt.Of(request.Path.ToUriComponent());

    private static string[] SegmentsOf(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);
}
