using System.IO.Pipelines;
using PipelineService.Access.Audit;
using PipelineService.Access.Limits;

namespace PipelineService.Intake;

/// <summary>The bytes of an upload as they come.</summary>
/// <param name="AnnouncedBytes">How many there will be; null when that was not announced.</param>
/// <param name="Actor">Who sends them, for the audit.</param>
/// <param name="Meter">Counts what comes, where its sender has a limit and the length of the request was not announced.</param>
public sealed record UploadBody(PipeReader Reader, long? AnnouncedBytes, AuditActor Actor, BodyMeter? Meter)
{
    public static UploadBody Of(HttpRequest request) =>
        new(request.BodyReader, request.ContentLength, AuditActor.Of(request.HttpContext), request.HttpContext.Features.Get<BodyMeter>());
}
