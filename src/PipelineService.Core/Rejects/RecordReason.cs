using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions;

namespace PipelineService.Core.Rejects;

/// <summary>An error as clients see it: its field, its code and its sentence, as far as the definition alone says them.</summary>
/// <param name="Field">The column's definition; null when the record as a whole is at fault.</param>
/// <param name="Code">The name of the code, or the definition's own.</param>
/// <param name="Message">The sentence.</param>
public readonly record struct RecordReason(FieldDefinition? Field, string Code, string Message)
{
    public static RecordReason Of(in RecordError error, RowPlan rows)
    {
        FieldDefinition? field = error.Column == RecordError.WholeRecord ? null : rows.Columns[error.Column].Field;
        return new RecordReason(field, CodeOf(error, rows), MessageOf(error, field, rows));
    }

    /// <summary>The name of the error's code, or the code that the definition gives to it.</summary>
    public static string CodeOf(in RecordError error, RowPlan rows) =>
        error is { Code: RecordErrorCode.Require, Op: int op } ? rows.Ops[op].Code! : RecordErrorCodes.NameOf(error.Code);

    private static string MessageOf(in RecordError error, FieldDefinition? field, RowPlan rows) =>
        error is { Code: RecordErrorCode.Require or RecordErrorCode.LookupMissing, Op: int op } ? rows.Ops[op].Message!
        : error is { Op: int asking } && RecordErrorCodes.IsOfAnswer(error.Code)
            ? ErrorMessages.OfService(rows.Ops[asking].Service!, error.Code)
        : error.Expression != ExpressionError.None ? ExpressionErrors.SentenceOf(error.Expression)
        : field is not null ? ErrorMessages.For(field, error.Code)
        : ErrorMessages.For(error.Code);
}
