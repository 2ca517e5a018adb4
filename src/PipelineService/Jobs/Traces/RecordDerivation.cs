using System.Buffers;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Tracing;
using PipelineService.Datasets.Models;
using PipelineService.Datasets.Tables;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;
using PipelineService.Spool.Decoding;
using PipelineService.Spool.Formats;
using PipelineService.Transform.Enrichment;

namespace PipelineService.Jobs.Traces;

/// <summary>What the code that loads records makes of one record again.</summary>
/// <param name="Trace">Each step of it.</param>
/// <param name="Start">The columns of its row, and how its format is read.</param>
/// <param name="ByteOffset">Where it starts, or its document does, in the data as it was sent without its compression.</param>
/// <param name="Item">1-based number among the items of its document; null where it is a document by itself.</param>
/// <param name="Raw">Its bytes; of an item its document without the other items.</param>
/// <param name="Errors">Why it is rejected; empty when it is not.</param>
/// <param name="IsFiltered">Whether an op leaves it out.</param>
/// <param name="Unknown">By the op whose answer is not known any more why that is; no op behind the first of them was run.</param>
internal sealed record DerivedRecord(
    RecordTrace Trace, RecordsStart Start, long ByteOffset, long? Item, ReadOnlyMemory<byte> Raw, IReadOnlyList<RecordReason> Errors,
    bool IsFiltered, IReadOnlyDictionary<int, string> Unknown)
{
    /// <summary>Whether it is known what becomes of it.</summary>
    public bool IsDecided => !Trace.IsPartial || Errors.Count > 0 || IsFiltered;
}

/// <summary>
/// Reads the chunk of a record once more, and does with the record what its load did: by the same reader, the same steps and the same
/// columns, with the versions that the job has pinned.
/// </summary>
public sealed class RecordDerivation(Database database, LookupBinder lookups, ModelBinder models)
{
    /// <summary>More than a chunk has, whatever it was told to have, beside one record as long as they may be.</summary>
    private const long BytesBeside = 128 << 20;

    /// <param name="rows">The plan of the job's version of the dataset.</param>
    /// <param name="known">What services have answered.</param>
    /// <exception cref="SpoolDamagedException">The bytes are not what was received.</exception>
    /// <exception cref="JobFaultException">They cannot be decoded.</exception>
    internal async Task<DerivedRecord> DeriveAsync(
        JobRow job, long record, TracedChunk chunk, TracedUpload upload, RowPlan rows, KnownAnswers known,
        CancellationToken cancellationToken)
    {
        // 1. Where its answers are from that are not in the record: no service is asked, and nothing that is gone.
        PinnedVersions pins = JobPins.Read(job.Pins) ?? PinnedVersions.None;
        Dictionary<int, string> unknown = [];
        ExternalAnswers? answers = await BindAsync(rows, pins, unknown, cancellationToken);
        using BoundModels scoring = await LoadAsync(rows, pins, unknown, cancellationToken);
        foreach (ServiceUse use in rows.Services.Where(use => known.SourceOf(use.Op) is null))
        {
            unknown.TryAdd(use.Op, $"What the service \"{use.Service}\" answered is not known any more, and it is not asked again.");
        }

        answers = scoring.With(answers);
        answers = rows.Services.IsEmpty ? answers : (answers ?? ExternalAnswers.None).With(known.AskAsync);

        // 2. The bytes of its chunk. One that is longer than a record may be is one that was not looked into.
        if (chunk.EndOffset - chunk.StartOffset > upload.Manifest.RecordBytesMax + BytesBeside)
        {
            throw new SpoolDamagedException($"The chunk at {chunk.StartOffset} is one record over the limit.");
        }

        IDecodedBytes bytes = upload.Content.Bytes;
        await upload.VerifyAsync(chunk.StartOffset, chunk.EndOffset, cancellationToken);
        RecordsStart start = await RecordFormat
            .Of(upload.Form, rows, upload.Manifest.RecordBytesMax, UploadCodings.Of(upload.Manifest).OfText)
            .FindStartAsync(bytes, job.Facts with { Answers = answers }, await DefaultsAsync(rows, cancellationToken), cancellationToken);
        long startAsSent = bytes.Text is null ? chunk.StartOffset : await bytes.FindAsSentAsync(chunk.StartOffset, cancellationToken);
        int length = checked((int)(chunk.EndOffset - chunk.StartOffset));
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Memory<byte> chunkBytes = buffer.AsMemory(0, length);
            await ReadAsync(bytes, chunk.StartOffset, chunkBytes, cancellationToken);
            if (chunk.Read == job.RecordsRead && start.Scanner.Scan(chunkBytes.Span, isFinal: true, int.MaxValue) is { Length: > 0 } all)
            {
                chunkBytes = chunkBytes[..all.Length]; // of an upload of one chunk this has what closes its document, too
            }

            // 3. The record, watched.
            TransformWorkspace workspace = new();
            RecordTrace trace = new(record) { StepsMax = unknown.Count == 0 ? int.MaxValue : unknown.Keys.Min() };
            await start.Transform.TraceAsync(
                chunkBytes, new ChunkPosition(chunk.FirstRecord, chunk.FirstLine), workspace, trace, cancellationToken);
            return Of(trace, start, workspace, chunkBytes.Span, chunk, startAsSent, unknown);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static DerivedRecord Of(
        RecordTrace trace, RecordsStart start, TransformWorkspace workspace, ReadOnlySpan<byte> chunk, TracedChunk extent, long startAsSent,
        Dictionary<int, string> unknown)
    {
        if (trace.Place is not { } place)
        {
            throw new SpoolDamagedException($"The chunk at {extent.StartOffset} has no record {trace.Record}, but its checkpoint says so.");
        }

        (int from, long? item) = (place.Start, null);
        byte[] raw;
        if (workspace.Values.Documents.TryFind(place.Start, out JsonDocumentPlace document))
        {
            byte[] composed = [];
            _ = JsonDocumentItems.Compose(chunk, document, place.Start, place.Length, ref composed, out int written);
            (raw, from, item) = (composed[..written], document.Start, trace.Record - extent.FirstRecord - document.FirstRecord + 1);
        }
        else
        {
            ReadOnlySpan<byte> bytes = chunk.Slice(place.Start, place.Length);
            raw = start.Transform.TextOf(bytes) ?? bytes.ToArray();
        }

        List<RecordReason> errors = [];
        foreach (Reject reject in workspace.Rejects.Rejects)
        {
            foreach (RecordError error in workspace.Rejects.ErrorsOf(reject))
            {
                errors.Add(RecordReason.Of(error, start.Rows));
            }
        }

        long offset = startAsSent + (start.Transform.Text?.LengthOf(chunk[..from]) ?? from);
        return new DerivedRecord(trace, start, offset, item, raw, errors, workspace.Filtered > 0, unknown);
    }

    private static async Task ReadAsync(IDecodedBytes upload, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty)
        {
            int read = await upload.WaitForBytesAsync(offset, cancellationToken)
                ? await upload.ReadAsync(buffer, offset, cancellationToken)
                : 0;
            if (read == 0)
            {
                throw new SpoolDamagedException($"The upload ends at {offset}, before what was read of it.");
            }

            (buffer, offset) = (buffer[read..], offset + read);
        }
    }

    private async Task<ExternalAnswers?> BindAsync(
        RowPlan rows, PinnedVersions pins, Dictionary<int, string> unknown, CancellationToken cancellationToken)
    {
        try
        {
            return await lookups.BindToAskAsync(rows, pins.Lookups, cancellationToken);
        }
        catch (JobFaultException)
        {
            LookupUse first = rows.Lookups[0];
            unknown[first.Op] = $"The version of dataset \"{first.Dataset}\" that the job has looked up is kept no longer.";
            return ExternalAnswers.None;
        }
    }

    private async Task<BoundModels> LoadAsync(
        RowPlan rows, PinnedVersions pins, Dictionary<int, string> unknown, CancellationToken cancellationToken)
    {
        try
        {
            return rows.Scores.All(use => pins.Models.ContainsKey(use.Model))
                ? await models.LoadAsync(rows, pins.Models, cancellationToken)
                : throw new JobFaultException(ModelProblems.Missing(rows.Scores[0].Model));
        }
        catch (JobFaultException)
        {
            unknown[rows.Scores[0].Op] = $"The version of model \"{rows.Scores[0].Model}\" that the job has used is kept no longer.";
            return BoundModels.None;
        }
    }

    /// <summary>What the table gives columns that are not sent; asked where some may not be.</summary>
    private async Task<IReadOnlySet<string>> DefaultsAsync(RowPlan rows, CancellationToken cancellationToken)
    {
        if (rows.Definition.Schema.FieldsMatch is not (FieldsMatch.Superset or FieldsMatch.Partial))
        {
            return new HashSet<string>();
        }

        TableShape? table = await database.RunAsync(
            (connection, token) => TargetTable.LookAsync(connection, rows.Definition.Load.Table, token), cancellationToken);
        return table is null ? new HashSet<string>() : [.. table.Columns.Where(c => c.HasDefault).Select(c => c.Name)];
    }
}
