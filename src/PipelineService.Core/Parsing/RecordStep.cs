using System.Collections.Immutable;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;
using PipelineService.Core.Scoring;

namespace PipelineService.Core.Parsing;

/// <summary>
/// One step of a dataset's transforms: it sees each record between reading and encoding and may change its values, give values
/// to fields that the data does not have, leave the record out, or reject it. Immutable, shared by all workers; it allocates
/// nothing for a record.
/// </summary>
public abstract class RecordStep
{
    /// <summary>
    /// Fields that it may give a value to, as indexes in the schema. Their columns are sent also where the data does not have
    /// them, which otherwise are left to the table.
    /// </summary>
    public virtual ImmutableArray<int> Gives => [];

    /// <summary>Fields whose values it may change, as indexes in the schema: until it has run, nothing is certain about them.</summary>
    public virtual ImmutableArray<int> Changes => Gives;

    /// <summary>Fields of the data that its result depends on, as indexes in the schema: what is shown when it has none.</summary>
    public virtual ImmutableArray<int> Inputs => [];

    /// <summary>Fields of the data whose values are shown to nobody, as indexes in the schema.</summary>
    public ImmutableArray<int> Hides { get; init; } = [];

    /// <summary>What it looks up in another dataset; null where it does no such thing.</summary>
    public virtual LookupUse? LooksUp => null;

    /// <summary>What it asks a model for; null where it asks none.</summary>
    public virtual ScoreUse? Scores => null;

    /// <summary>Whether it computes with typed values.</summary>
    public virtual bool IsTyped => false;

    /// <summary>The step as it is for one job: most are the same for all.</summary>
    /// <param name="answers">Where the job's ops have their answers from; null where there are none.</param>
    internal virtual RecordStep Bind(ExternalAnswers? answers) => this;

    /// <summary>
    /// Works on a record; the values that it leaves are what the next step sees, and the last one's are encoded.
    /// </summary>
    public abstract StepResult Apply(OpenRecord record);
}

/// <summary>What becomes of a record after a step.</summary>
public readonly record struct StepResult
{
    private StepResult(bool isFiltered, short field, RecordErrorCode code, ExpressionError error = ExpressionError.None) =>
        (IsFiltered, Field, Code, Error) = (isFiltered, field, code, error);

    /// <summary>It goes on.</summary>
    public static StepResult Kept => default;

    /// <summary>It is left out, and counted as that.</summary>
    public static StepResult Filtered { get; } = new(isFiltered: true, field: 0, RecordErrorCode.None);

    public bool IsKept => !IsFiltered && Code == RecordErrorCode.None;

    public bool IsFiltered { get; }

    /// <summary>The field at fault, as index in the schema, or <see cref="RecordError.WholeRecord"/>.</summary>
    public short Field { get; }

    /// <summary>Why it is rejected, or none.</summary>
    public RecordErrorCode Code { get; }

    /// <summary>Why the expression of the step has no result, or none.</summary>
    public ExpressionError Error { get; }

    /// <summary>It is rejected.</summary>
    /// <param name="field">Index in the schema, or <see cref="RecordError.WholeRecord"/>.</param>
    /// <param name="code">Why.</param>
    public static StepResult Rejected(short field, RecordErrorCode code) => new(isFiltered: false, field, code);

    /// <summary>It is rejected, because an expression has no result for it.</summary>
    /// <param name="field">The field that takes the result, as index in the schema, or <see cref="RecordError.WholeRecord"/>.</param>
    /// <param name="error">Why.</param>
    public static StepResult Rejected(short field, ExpressionError error) =>
        new(isFiltered: false, field, RecordErrorCode.Expression, error);
}
