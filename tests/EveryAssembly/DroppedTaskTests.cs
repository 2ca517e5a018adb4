using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace PipelineService.EveryAssembly;

/// <summary>
/// A method of type <c>void</c> that drops the task of what it calls cannot fail by it: a test is green whatever happens.
/// The compiler warns of that in <c>async</c> methods only, so the others are read here, instruction by instruction.
/// </summary>
public sealed class DroppedTaskTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value);

    /// <summary>Only the one that is here for the test to see.</summary>
    [Xunit.Fact]
    public void No_method_of_type_void_drops_a_task() => Xunit.Assert.Equal(
        [$"{nameof(DroppedTaskTests)}.{nameof(Drop)}"],
        from type in typeof(DroppedTaskTests).Assembly.GetTypes()
        where !type.IsAssignableTo(typeof(IAsyncStateMachine))
        from method in type.GetMethods(Declared)
        where method.ReturnType == typeof(void) && DropsTask(method)
        select $"{type.Name}.{method.Name}");

    private static void Drop() => Task.FromResult(true);

    /// <summary>Whether the result of a call that gives a task is thrown away at once.</summary>
    private static bool DropsTask(MethodInfo method)
    {
        byte[] code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        bool isTask = false;
        for (int at = 0; at < code.Length;)
        {
            OpCode instruction = OpCodesByValue[code[at] == 0xFE ? (short)(0xFE00 | code[at + 1]) : code[at]];
            if (isTask && instruction == OpCodes.Pop)
            {
                return true;
            }

            at += instruction.Size;
            isTask = instruction.OperandType == OperandType.InlineMethod && GivesTask(method, BitConverter.ToInt32(code, at));
            at += OperandBytes(instruction, code, at);
        }

        return false;
    }

    private static bool GivesTask(MethodInfo caller, int token)
    {
        Type[]? ofType = caller.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null;
        Type[]? ofMethod = caller.IsGenericMethod ? caller.GetGenericArguments() : null;
        return caller.Module.ResolveMethod(token, ofType, ofMethod) is MethodInfo { ReturnType: var result }
            && (result.IsAssignableTo(typeof(Task)) || result == typeof(ValueTask)
                || (result.IsGenericType && result.GetGenericTypeDefinition() == typeof(ValueTask<>)));
    }

    private static int OperandBytes(OpCode instruction, byte[] code, int at) => instruction.OperandType switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => sizeof(int) * (1 + BitConverter.ToInt32(code, at)),
        _ => sizeof(int),
    };
}
