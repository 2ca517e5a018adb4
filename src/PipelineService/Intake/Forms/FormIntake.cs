using System.IO.Pipelines;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Jobs;

namespace PipelineService.Intake.Forms;

/// <summary>A file of a form that was taken.</summary>
/// <param name="Name">What its sender calls it.</param>
internal sealed record TakenFile(string Name, UploadReceipt Receipt);

/// <summary>
/// Takes the files of a form: one after the other as they come, each an upload with a job of its own. The form is taken as a whole or not
/// at all: none is durable before all have come.
/// </summary>
internal sealed class FormIntake(UploadIntake intake, UploadReception reception, BodyReceiver receiver)
{
    /// <summary>Files of a form at most: until its end each is held open.</summary>
    public const int FilesMax = 20;

    /// <summary>As much at once as a connection has.</summary>
    private static readonly StreamPipeReaderOptions PartReading = new(bufferSize: ConnectionBlocks.BlockBytes);

    private const string SourceField = "source";

    /// <summary>An upload under a key of its own is known by that; of the files of a form the first has it, and others one with a number.</summary>
    private const int KeyRoom = 8;

    /// <param name="common">What the files have in common: see <see cref="RequestOf(DatasetVersion, HttpRequest, Caller)"/>.</param>
    /// <returns>The files, in their order, and what they have in common with the form's fields.</returns>
    /// <exception cref="UploadRefusedException">It is not taken; nothing of it is left.</exception>
    public Task<(IReadOnlyList<TakenFile> Files, UploadRequest Request)> TakeAsync(
        DatasetVersion dataset, UploadRequest common, HttpRequest http, CancellationToken requestAborted)
    {
        var all = UploadBody.Of(http);
        FormReader form = new(http, receiver);
        return intake.AdmitAsync(
            http.ContentLength,
            async stop => common.IdempotencyKey is string key
                ? await intake.OnceAsync(dataset.Name, key, () => ReadAsync(dataset, common, form, all, stop))
                : await ReadAsync(dataset, common, form, all, stop),
            requestAborted);
    }

    private async Task<(IReadOnlyList<TakenFile> Files, UploadRequest Request)> ReadAsync(
        DatasetVersion dataset, UploadRequest common, FormReader form, UploadBody all, CancellationToken cancellationToken)
    {
        List<OpenFile> files = [];
        try
        {
            var batch = Guid.CreateVersion7();
            while (await form.NextAsync(cancellationToken) is { } part)
            {
                if (part.FileName is null)
                {
                    common = await WithFieldAsync(common, part, form, hasFiles: files.Count > 0, cancellationToken);
                }
                else if (await ReadAsync(dataset, RequestOf(common, part, dataset, files.Count), part, all, cancellationToken) is { } file)
                {
                    files.Add(file);
                }
            }

            if (files.Count == 0)
            {
                throw FormReader.Malformed("It has no file: send one as curl -F file=@FILE does.");
            }

            return (await TakeAsync(dataset, files, files.Count > 1 ? batch : null, all.Actor, cancellationToken), common);
        }
        finally
        {
            foreach (OpenFile file in files)
            {
                await (file.Arriving?.DisposeAsync() ?? ValueTask.CompletedTask);
            }
        }
    }

    /// <returns>Null for an input of a browser's form in which no file was chosen.</returns>
    private async Task<OpenFile?> ReadAsync(
        DatasetVersion dataset, UploadRequest request, FormPart part, UploadBody all, CancellationToken cancellationToken)
    {
        UploadBody body = all with { Reader = PipeReader.Create(part.Body, PartReading), AnnouncedBytes = null };
        if (request.IdempotencyKey is string key
            && await intake.FindReplayAsync(dataset, key, request, body, cancellationToken) is { } earlier)
        {
            return new OpenFile(part.FileName!, request, Arriving: null, earlier);
        }

        ArrivingUpload arriving = await reception.ReceiveBodyAsync(dataset, request, body, cancellationToken);
        if (part.FileName!.Length == 0 && arriving.Writer.Growth.Received == 0)
        {
            await arriving.DisposeAsync();
            return null;
        }

        return new OpenFile(part.FileName, request, arriving, Earlier: null);
    }

    /// <summary>All have come: first all of them are made durable, then each is registered.</summary>
    private async Task<IReadOnlyList<TakenFile>> TakeAsync(
        DatasetVersion dataset, IReadOnlyList<OpenFile> files, Guid? batch, AuditActor actor, CancellationToken cancellationToken)
    {
        try
        {
            foreach (OpenFile file in files.Where(file => file.Arriving is not null))
            {
                file.Arriving!.Live.Change(row => row with { Batch = batch });
                await reception.SealAsync(file.Arriving, dataset, file.Request with { Batch = batch }, actor, cancellationToken);
            }
        }
        catch
        {
            foreach (OpenFile file in files.Where(file => file.Arriving is not null))
            {
                file.Arriving!.IsTaken = false; // nobody is told of it
            }

            throw;
        }

        List<TakenFile> taken = [];
        foreach (OpenFile file in files)
        {
            JobRow job = file.Earlier ?? await reception.SubmitAsync(file.Arriving!, dataset, file.Request);
            taken.Add(new TakenFile(file.Name, new UploadReceipt(job, IsReplay: file.Earlier is not null)));
        }

        return taken;
    }

    /// <summary>What a form's files have in common, by its headers.</summary>
    /// <exception cref="UploadRefusedException">It cannot be taken.</exception>
    public static UploadRequest RequestOf(DatasetVersion dataset, HttpRequest http, Caller caller)
    {
        if (http.Headers.ContentEncoding.Count > 0)
        {
            throw FormReader.Malformed("It is sent with Content-Encoding, which is not undone around a form: compress the files in it, and let their names end in .gz, .zst or .br.");
        }

        FormatRow row = FormatTable.Of(dataset.Definition.Format);
        var request = UploadRequest.Parse(http, caller, (row.MediaType, row.Form, dataset.Definition.Compression));
        return request.Digests.Count == 0
            ? request
            : throw FormReader.Malformed($"{request.Digests[0].Header} is of the form and not of a file in it, and cannot be checked: leave it out, or send the file alone.");
    }

    /// <param name="before">How many files came before it.</param>
    private static UploadRequest RequestOf(UploadRequest common, FormPart part, DatasetVersion dataset, int before)
    {
        if (before == FilesMax)
        {
            throw FormReader.Malformed($"It has more than {FilesMax} files: send the others in another.");
        }

        if (before > 0 && common.Replaces is not null)
        {
            throw FormReader.Malformed("It has several files, of which only one could take the place of the job that ?replaces= names.");
        }

        if (before > 0 && common.IdempotencyKey?.Length > UploadRequest.KeyLengthMax - KeyRoom)
        {
            throw FormReader.Malformed($"With several files the Idempotency-Key may have {UploadRequest.KeyLengthMax - KeyRoom} characters at most.");
        }

        (string mediaType, UploadForm kind, FileCompression compression) = FormFile.TypeOf(part.ContentType, part.FileName!, dataset.Definition);
        return common with
        {
            ContentType = mediaType,
            Kind = kind,
            Compression = compression,
            Encoding = UploadCharset.Of(part.ContentType, kind, dataset.Definition),
            IdempotencyKey = before == 0 || common.IdempotencyKey is null ? common.IdempotencyKey
                : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{common.IdempotencyKey}#{before + 1}"),
        };
    }

    private static async Task<UploadRequest> WithFieldAsync(
        UploadRequest common, FormPart field, FormReader form, bool hasFiles, CancellationToken cancellationToken)
    {
        if (field.Name != SourceField)
        {
            throw FormReader.Malformed($"It has a field '{Excerpt.Of(field.Name)}', and only files and '{SourceField}' are known: leave it out.");
        }

        string source = await form.ReadTextAsync(field, cancellationToken);
        return hasFiles
            ? throw FormReader.Malformed($"The field '{SourceField}' stands behind a file: put it before all of them.")
            : common with { Source = UploadRequest.SourceOf(common.Caller, UploadRequest.ParseSource(source) ?? common.Source) };
    }

    /// <param name="Arriving">Null for one that came before.</param>
    private sealed record OpenFile(string Name, UploadRequest Request, ArrivingUpload? Arriving, JobRow? Earlier);
}
