namespace PipelineService.Tests.Journeys.FirstHour;

/// <summary>Addresses that there are not, methods that they do not take, and answers in forms that they do not have.</summary>
internal static class AddressMistakes
{
    private const string Job = "/v1/jobs/0199a3c0-0000-7000-8000-000000000000";

    public static IEnumerable<Mistake> All =>
    [
        .. NotFound, .. WrongMethod,
        Mistake.Call("an answer as XML", "GET", "/v1/jobs", 406, "not_acceptable", "application/json", "Accept") with
        {
            Headers = [("Accept", "application/xml")],
        },
        Mistake.Call("dead letters as a workbook", "GET", $"{Job}/dead-letters", 406, "not_acceptable", "text/csv", "application/x-ndjson") with
        {
            Headers = [("Accept", "application/vnd.ms-excel")],
        },
        Mistake.Call("a job as CSV", "GET", Job, 406, "not_acceptable", "application/json") with
        {
            Headers = [("Accept", "text/csv, application/json;q=0")],
        },
        Mistake.Call("a browser's page of another origin", "OPTIONS", "/v1/datasets/readings", 405, "method_not_allowed", "CORS", "proxy") with
        {
            Headers = [("Origin", "http://example.com"), ("Access-Control-Request-Method", "PUT")],
        },
    ];

    private static Mistake[] NotFound =>
    [
        Mistake.Call("Swagger's page", "GET", "/swagger", 404, "not_found", "There is nothing at /swagger.", "/openapi/v1.json"),
        Mistake.Call("Swagger's document", "GET", "/swagger/v1/swagger.json", 404, "not_found", "/openapi/v1.json"),
        Mistake.Call("pages of documentation", "GET", "/docs", 404, "not_found", "/openapi/v1.json"),
        Mistake.Call("any address at all", "GET", "/favicon.ico", 404, "not_found", "/openapi/v1.json"),
        Mistake.Call("health alone", "GET", "/health", 404, "not_found", "/health/live", "/health/ready"),
        Mistake.Call("no version", "PUT", "/datasets/readings", 404, "not_found", "Did you mean /v1/datasets/{dataset}?"),
        Mistake.Call("one dataset in the singular", "GET", "/v1/dataset/readings", 404, "not_found", "Did you mean /v1/datasets/{dataset}?"),
        Mistake.Call("one upload in the singular", "POST", "/v1/datasets/readings/upload", 404, "not_found", "Did you mean /v1/datasets/{dataset}/uploads?"),
        Mistake.Call("jobs misspelt", "GET", "/v1/jbos", 404, "not_found", "Did you mean /v1/jobs?"),
        Mistake.Call("a version by name", "GET", "/v1/datasets/readings/versions/latest", 404, "not_found", "whole number", "/v1/datasets/readings/versions"),
        Mistake.Call("a version that is not there", "GET", "/v1/datasets/readings/versions/7", 404, "version_not_found", "has no version 7"),
        Mistake.Call("a job by a name", "GET", "/v1/jobs/yesterday", 404, "job_not_found", "Ids are UUIDs"),
        Mistake.Call("a job that is not there", "GET", Job, 404, "job_not_found", "0199a3c0-0000-7000-8000-000000000000"),
        Mistake.Call("a dataset that is not declared", "GET", "/v1/datasets/reading", 404, "dataset_not_found", "PUT /v1/datasets/reading"),
        Mistake.Call("data for a dataset that is not declared", "POST", "/v1/datasets/reading/uploads", 404, "dataset_not_found", "PUT /v1/datasets/reading"),
        Mistake.Call("a name in capitals", "PUT", "/v1/datasets/Readings", 400, "invalid_dataset_name", "lower-case letters"),
        Mistake.Call("a name with a hyphen", "GET", "/v1/datasets/my-readings", 400, "invalid_dataset_name", "underscores"),
    ];

    private static Mistake[] WrongMethod =>
    [
        Mistake.Call("POST for a new dataset", "POST", "/v1/datasets", 405, "method_not_allowed", "PUT /v1/datasets/{name}"),
        Mistake.Call("POST for a dataset by name", "POST", "/v1/datasets/readings", 405, "method_not_allowed", "PUT declares", "POST /v1/datasets/readings/uploads"),
        Mistake.Call("PATCH of a dataset", "PATCH", "/v1/datasets/readings", 405, "method_not_allowed", "PUT the whole definition"),
        Mistake.Call("curl -T for data", "PUT", "/v1/datasets/readings/uploads", 405, "method_not_allowed", "-X POST", "--data-binary @FILE"),
        Mistake.Call("GET of the uploads", "GET", "/v1/datasets/readings/uploads", 405, "method_not_allowed", "GET /v1/jobs?dataset=readings"),
        Mistake.Call("DELETE of the uploads", "DELETE", "/v1/datasets/readings/uploads", 405, "method_not_allowed", "/cancel", "/revert"),
        Mistake.Call("POST of a job", "POST", "/v1/jobs", 405, "method_not_allowed", "POST /v1/datasets/{name}/uploads"),
        Mistake.Call("PUT of a job", "PUT", Job, 405, "method_not_allowed", "cancel", "revert"),
        Mistake.Call("GET for a cancel", "GET", $"{Job}/cancel", 405, "method_not_allowed", "POST is", "without a body"),
        Mistake.Call("DELETE for a revert", "DELETE", $"{Job}/revert", 405, "method_not_allowed", "POST is"),
        Mistake.Call("POST of metrics", "POST", "/metrics", 405, "method_not_allowed", "but GET"),
    ];
}
