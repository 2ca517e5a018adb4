using System.Text.RegularExpressions;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>
/// Reads the ops that compute; what their expressions mean is looked at when all ops are known:
/// <see cref="OpExpressions"/>.
/// </summary>
internal static partial class ExpressionOps
{
    private const int MessageLengthMax = 500;

    public static TransformOp ReadDerive(OpReader op) => new DeriveOp
    {
        Sets = op.Set(),
        Expression = ReadExpression(op, "what is computed, such as \"fare / nullif(km, 0)\""),
        OnError = op.Json.Choice("onError", OpWords.OnErrors, OnError.Reject),
    };

    public static TransformOp ReadFilter(OpReader op) => new FilterOp
    {
        Expression = ReadExpression(op, "the condition of the records that are kept, such as \"fare > 0\""),
    };

    public static TransformOp ReadRequire(OpReader op)
    {
        string message = op.Json.Text("message") ?? "";
        if (message.Length > MessageLengthMax)
        {
            op.Json.Fault("message", $"Must have at most {MessageLengthMax} characters.");
        }

        return new RequireOp
        {
            Expression = ReadExpression(op, "the condition that a record must fulfil, such as \"ends_at >= starts_at\""),
            Code = ReadCode(op),
            Message = message.Length == 0 ? null : message,
        };
    }

    private static string ReadExpression(OpReader op, string meaning)
    {
        string? expression = op.RequiredText("expression", meaning);
        if (expression is not null)
        {
            op.ExpressionPointer = op.Json.PointerTo("expression");
        }

        return expression ?? "";
    }

    private static string ReadCode(OpReader op)
    {
        if (op.RequiredText("code", "the code of the records that are rejected, such as \"ends_before_start\"") is not string code)
        {
            return "";
        }

        if (!CodeForm().IsMatch(code))
        {
            op.Json.Fault("code", "Must match ^[a-z][a-z0-9_]{0,62}$: small letters, digits and underscores, a letter first.");
        }
        else if (RecordErrorCodes.TryParse(code, out _))
        {
            op.Json.Fault("code", $"\"{code}\" is a code of the service: choose one of your own.");
        }

        return code;
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,62}\z")]
    private static partial Regex CodeForm();
}
