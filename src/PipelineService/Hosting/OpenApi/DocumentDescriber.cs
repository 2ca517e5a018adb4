using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace PipelineService.Hosting.OpenApi;

/// <summary>What the document says about the service as a whole.</summary>
internal sealed class DocumentDescriber : IOpenApiDocumentTransformer
{
    public Task TransformAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "PipelineService",
            Version = "v1",
            Description =
                "Send any dataset over HTTP, get a job id at once. Every record ends up in exactly one place: loaded, "
                + "rejected with its reason, or filtered.\n\n"
                + "Errors are problem details (RFC 9457) with a stable `code`; `errors` maps JSON pointers (RFC 6901) into "
                + "the request's document to what is wrong there. Times are UTC (RFC 3339), ids are UUIDs. Every address that "
                + "answers GET answers HEAD.\n\n"
                + "Answers to callers with limits carry `RateLimit-Policy` (what may be sent) and `RateLimit` (what is left), as "
                + "draft-ietf-httpapi-ratelimit-headers-10 writes them.",
            Contact = new OpenApiContact { Name = "Whoever runs this service" },
            License = new OpenApiLicense { Name = "MIT", Identifier = "MIT" },
        };

        // Relative to where the document was found: the same at build and behind any host name.
        document.Servers = [new OpenApiServer { Url = "/" }];

        document.Tags = new HashSet<OpenApiTag>
        {
            new() { Name = DocumentTags.Datasets, Description = "What is declared: fields, types, rules, and the table that rows go to." },
            new() { Name = DocumentTags.Uploads, Description = "Data comes in, and becomes a job." },
            new() { Name = DocumentTags.Jobs, Description = "What became of an upload: its state, its counts, the records that were rejected." },
            new() { Name = DocumentTags.Models, Description = "Models that score records: ONNX files, by name and version." },
            new() { Name = DocumentTags.Events, Description = "What happened, in one log: in pages, and in streams that can be resumed." },
            new() { Name = DocumentTags.Figures, Description = "What became of records, by minute, dataset and source: exact, from the rows of jobs." },
            new() { Name = DocumentTags.Webhooks, Description = "Whom events are sent to, signed, and what became of each." },
            new() { Name = DocumentTags.Sources, Description = "Where uploads are taken from without anybody sending them: folders, buckets, queues." },
            new() { Name = DocumentTags.Audit, Description = "Who did what, in a chain of hashes." },
            new() { Name = DocumentTags.Keys, Description = "Who may do what: keys are made, rotated and revoked." },
            new() { Name = DocumentTags.Tenants, Description = "Who has how much of what all share." },
            new() { Name = DocumentTags.Service, Description = "The service itself: where things are, whether it is ready, its figures." },
        };
        return Task.CompletedTask;
    }
}
