using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using PipelineService.Hosting.OpenApi;
using PipelineService.Jobs.DeadLetters;

namespace PipelineService.Jobs.Traces;

/// <summary>What became of one record of a job, from the bytes that were sent to the row as it is now.</summary>
/// <param name="Record">1-based number of the record in the upload.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="DerivedFrom">
/// <c>upload</c>: all that follows was made again of the kept bytes, by the code that loads records. <c>dead_letter</c> or <c>row</c>: the
/// bytes are not there, and only what those say is known. <c>nothing</c>: neither is there.
/// </param>
/// <param name="Note">Why not from the bytes, or not all of it; null where all is.</param>
/// <param name="Position">Where it stands in the upload; null where that is not known.</param>
/// <param name="Raw">The record as it was sent; null where it is not known, or may not be shown.</param>
/// <param name="Fields">What was read, by the fields of the data; empty where that is not known.</param>
/// <param name="Steps">What each op of the dataset's <c>transforms</c> did with it, in their order.</param>
/// <param name="Checks">Each column, and the rules that its value was held against.</param>
/// <param name="Chunk">The part of the upload that it was loaded with; null where none of it is committed.</param>
/// <param name="CommittedAt">
/// When its row, if it has one, became visible: with <c>commit: "chunk"</c> when the transaction of its chunk began, else when the job
/// ended.
/// </param>
/// <param name="TraceId">The trace of the request that brought the upload; null where that is not kept.</param>
/// <param name="Instance">The instance that runs the job; null when it has ended.</param>
/// <param name="Row">The row as it is stored now.</param>
public sealed record RecordTraceView(
    Guid Job,
    string Dataset,
    int DatasetVersion,
    long Record,
    OutcomeView Outcome,
    [property: Words("TraceSource", "upload", "dead_letter", "row", "nothing")] string DerivedFrom,
    string? Note,
    PositionView? Position,
    TracedRawView? Raw,
    IReadOnlyDictionary<string, string?> Fields,
    IReadOnlyList<TracedStepView> Steps,
    IReadOnlyList<TracedCheckView> Checks,
    TracedChunkView? Chunk,
    DateTime? CommittedAt,
    string? TraceId,
    Guid? Instance,
    TracedRowView Row,
    TraceLinks Links);

/// <summary>What became of a record.</summary>
/// <param name="State">
/// <c>loaded</c>, <c>rejected</c> or <c>filtered</c>; <c>unknown</c> where nothing that is kept says it.
/// </param>
/// <param name="Op">0-based index of the op that has left it out or rejected it; null where none has.</param>
/// <param name="Errors">Why it was rejected; empty where it was not.</param>
/// <param name="DeadLetter">The state of its dead letter; null where it has none.</param>
public sealed record OutcomeView(
    [property: Words("RecordOutcome", "loaded", "rejected", "filtered", "unknown")] string State,
    int? Op,
    IReadOnlyList<DeadLetterError> Errors,
    [property: Words("DeadLetterState", "open", "replayed", "discarded")] string? DeadLetter);

/// <param name="ByteOffset">Where it starts in the decoded bytes of the upload; of an item, where its document does.</param>
/// <param name="Line">1-based number of the physical line on which it starts.</param>
/// <param name="Item">1-based number among the items of its document; absent for other records.</param>
public sealed record PositionView(
    long ByteOffset, long Line, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Item);

/// <summary>A record as it was sent.</summary>
/// <param name="Text">Its first 16,384 bytes as text; <c>[hidden]</c> stands in it where it has personal data.</param>
/// <param name="Base64">The same bytes when they are not valid UTF-8; else absent.</param>
/// <param name="IsCut">Whether there is more of it.</param>
public sealed record TracedRawView(
    string Text, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Base64, bool IsCut);

/// <summary>What an op did.</summary>
/// <param name="Index">0-based place of the op in the definition's list.</param>
/// <param name="Op">Which op it is.</param>
/// <param name="Name">Its name in the definition.</param>
/// <param name="Outcome">
/// What it let the record be: <c>kept</c>, <c>filtered</c> or <c>rejected</c>. <c>not_run</c>: an op before it had decided.
/// <c>not_known</c>: its answer, or that of an op before it, is kept no longer.
/// </param>
/// <param name="Inputs">What it decides by, as it stood there before; empty of ops that work on texts in their place.</param>
/// <param name="Changes">The fields that have another value behind it.</param>
/// <param name="From">Of an op that asks: which version it has asked, or where its answer is known from.</param>
/// <param name="Note">Why it is not known.</param>
public sealed record TracedStepView(
    int Index,
    string Op,
    string? Name,
    [property: Words("StepOutcome", "kept", "filtered", "rejected", "not_run", "not_known")] string Outcome,
    IReadOnlyDictionary<string, string?> Inputs,
    IReadOnlyList<TracedChangeView> Changes,
    string? From,
    string? Note);

/// <summary>What an op made of a field: texts of 256 bytes at most, <c>[hidden]</c> for personal data, null for no value.</summary>
public sealed record TracedChangeView(string Field, string? Before, string? After);

/// <summary>What a column was held against.</summary>
/// <param name="Value">What the ops have left for it.</param>
/// <param name="Stored">The value as the column stores it, as PostgreSQL writes it; null where it has none, or was refused.</param>
/// <param name="Outcome"><c>passed</c> or <c>failed</c>; <c>not_known</c> where an op may still have changed it that was not run.</param>
/// <param name="Code">Of a value that was refused the code; else null.</param>
/// <param name="Rules">The rules that are declared for it, and what each says.</param>
public sealed record TracedCheckView(
    string Field,
    string? Value,
    string? Stored,
    [property: Words("CheckOutcome", "passed", "failed", "skipped", "not_known")] string Outcome,
    string? Code,
    IReadOnlyList<TracedRuleView> Rules);

/// <summary>A rule.</summary>
/// <param name="Rule">Its word in the definition; <c>type</c> for that of the field and the column.</param>
/// <param name="Demand">What it demands.</param>
/// <param name="Outcome"><c>skipped</c>: there is no value, or another rule had refused it.</param>
public sealed record TracedRuleView(
    string Rule, string Demand, [property: Words("CheckOutcome", "passed", "failed", "skipped", "not_known")] string Outcome);

/// <summary>The part of the upload that a record was loaded with.</summary>
/// <param name="StartOffset">Where it starts in the decoded bytes.</param>
/// <param name="EndOffset">Where it ends.</param>
/// <param name="FirstRecord">1-based number of its first record.</param>
/// <param name="Attempt">The number of the attempt that has committed it, as it fences off others.</param>
public sealed record TracedChunkView(
    long StartOffset, long EndOffset, long FirstRecord, long Read, long Loaded, long Rejected, long Filtered, long Attempt);

/// <summary>The row of a record as it is now.</summary>
/// <param name="State">
/// <c>found</c>; <c>absent</c>: there is none; <c>not_known</c>: nothing says which row it is, or it could not be looked for.
/// </param>
/// <param name="By">How it was found: <c>lineage</c> (<c>_job_id</c> and <c>_record</c>), or by its <c>key</c>.</param>
/// <param name="Values">By the names of the dataset's columns, of long ones the beginning, and of personal data <c>[hidden]</c>.</param>
/// <param name="Note">Why there is none, or it is not known.</param>
public sealed record TracedRowView(
    [property: Words("RowState", "found", "absent", "not_known")] string State,
    [property: Words("RowSearch", "lineage", "key")] string? By,
    JsonObject? Values,
    string? Note);

/// <summary>What goes on from here.</summary>
public sealed record TraceLinks(string Self, string Job, string DeadLetters);
