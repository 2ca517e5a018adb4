using System.IO.Pipelines;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Access.Limits;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Jobs;
using PipelineService.Jobs.Tenants;

namespace PipelineService.Intake;

/// <summary>Something that a source has found, to be taken as an upload.</summary>
/// <param name="Name">Its name, of which the end may say how it is written.</param>
/// <param name="Bytes">How many there will be.</param>
/// <param name="ContentType">How it is written; null where its name or the dataset says that.</param>
/// <param name="Label">The source that the upload carries.</param>
/// <param name="Taken">What it is registered as.</param>
internal sealed record FoundUpload(string Name, long Bytes, string? ContentType, string? Label, TakenFrom Taken)
{
    /// <summary>Whether it is made of messages: newline-delimited JSON, whatever files of the dataset are like.</summary>
    public bool AreMessages => Taken.Until is not null;
}

/// <summary>
/// Takes what nobody has sent, and a source has found: by the same table of formats, limits, quotas and bounds, and through the same
/// reception, as what comes over HTTP.
/// </summary>
internal sealed class FoundIntake(UploadIntake intake, UploadReception reception, CallLimiter limiter, WaitingBytes waiting)
{
    /// <summary>As much at once as a connection has.</summary>
    private static readonly StreamPipeReaderOptions Reading = new(bufferSize: ConnectionBlocks.BlockBytes, leaveOpen: true);

    /// <param name="caller">In whose name it is taken.</param>
    /// <param name="content">Its bytes.</param>
    /// <exception cref="UploadRefusedException">It is not taken; nothing of it is left.</exception>
    /// <exception cref="Npgsql.PostgresException">It was taken before (<c>PL003</c>); nothing of it is left.</exception>
    public async Task<JobRow> TakeAsync(
        DatasetVersion dataset, FoundUpload found, Caller caller, AuditActor actor, Stream content, CancellationToken cancellationToken)
    {
        UploadRequest request = RequestOf(dataset, found, caller);
        if (waiting.BoundFor(dataset.Tenant, dataset.Name, found.Bytes) is { } bound)
        {
            throw new UploadRefusedException(UploadProblems.QueueFull(bound));
        }

        if (UploadPass.TryBegin(limiter, caller, found.Bytes, dataset.Name, out UploadPass pass) is { } limited)
        {
            throw new UploadRefusedException(limited);
        }

        using UploadPass place = pass;
        var reader = PipeReader.Create(content, Reading);
        UploadBody body = new(reader, found.Bytes, actor, Meter: null);
        try
        {
            return await intake.AdmitAsync(
                found.Bytes, stop => reception.ReceiveAsync(dataset, request, body, stop), cancellationToken);
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static UploadRequest RequestOf(DatasetVersion dataset, FoundUpload found, Caller caller)
    {
        FormatRow lines = FormatTable.Of(DataFormat.Ndjson);
        (string mediaType, UploadForm kind, FileCompression compression) = found.AreMessages
            ? (lines.MediaType, lines.Form, FileCompression.None)
            : Forms.FormFile.TypeOf(found.ContentType, found.Name, dataset.Definition);
        return new UploadRequest
        {
            ContentType = mediaType,
            Kind = kind,
            Compression = compression,
            Encoding = found.AreMessages ? TextEncoding.Utf8 : UploadCharset.Of(found.ContentType, kind, dataset.Definition),
            Caller = caller,
            Source = UploadRequest.SourceOf(caller, found.Label),
            Digests = [],
            Taken = found.Taken,
        };
    }
}
